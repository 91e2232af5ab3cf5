# The collector with the widget inside, in an image without a shell: `docker build -t candor .`
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /candor
COPY . .
RUN cargo xtask dist && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /candor/dist/candor /usr/local/bin/candor
COPY --from=build --chown=nonroot:nonroot /data /data
ENV CANDOR_DATA=/data CANDOR_LISTEN=0.0.0.0:8787
# The C library's allocator keeps what a large body once took, for each thread anew, unless it is told otherwise: with
# pictures over 64 connections 90 MB at most without this, and 70 with it.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
VOLUME /data
EXPOSE 8787
# Name the origin that browsers see: docker run -v candor:/data -p 8787:8787 candor serve --public-url https://…
ENTRYPOINT ["/usr/local/bin/candor"]
CMD ["serve"]
