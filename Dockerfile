# Builds what `cargo xtask dist` builds, and an image that holds nothing else.
#
#     docker build --tag stickylab .
#     docker run --rm --env STICKYLAB_SECRET=long-and-random --publish 127.0.0.1:7878:7878 stickylab
#
# The page then is at http://127.0.0.1:7878/. The key of auth has to be your own: in the
# container the page listens on every address, and its bridge leads to auth. To capture
# the packets of the lab's runs, add `--user 0 --cap-drop ALL --cap-add NET_RAW`.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The image has its toolchain; rust-toolchain.toml asks for the newest stable one.
ENV RUSTUP_TOOLCHAIN=1.95
RUN rustup target add wasm32-unknown-unknown
RUN cargo xtask dist
RUN mkdir /out && tar -xzf target/dist/stickylab-*.tar.gz --strip-components=1 -C /out

FROM debian:bookworm-slim
COPY --from=build /out/ /usr/local/
USER 65534:65534
EXPOSE 7878
STOPSIGNAL SIGTERM
ENTRYPOINT ["stickylab"]
CMD ["serve", "--page", "0.0.0.0:7878", "--drain", "5s"]
