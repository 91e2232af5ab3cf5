-- No statement asks for a site's reports by their date: each report paid for the index, and nobody read it.
DROP INDEX report_by_age;
