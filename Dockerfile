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
VOLUME /data
EXPOSE 8787
# Name the origin that browsers see: docker run -v candor:/data -p 8787:8787 candor serve --public-url https://…
ENTRYPOINT ["/usr/local/bin/candor"]
CMD ["serve"]
