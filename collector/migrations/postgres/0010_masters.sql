-- It found nothing: what is wrapped under another master key is found by going through all keys in order.
DROP INDEX reporter_key_by_master;
