# One image for every command of the binary; without a command it serves.
#
#   docker build -t hasura-siwe . && docker run --rm hasura-siwe help

FROM rust:1.92-slim-bookworm AS build
WORKDIR /build

# The dependencies alone, so that a change of our own code does not build them again. Cargo wants to
# see a target's file before it builds anything; awk leaves out the sections that name files copied later.
COPY Cargo.toml Cargo.lock build.rs ./
RUN cp Cargo.toml Cargo.toml.whole \
    && awk '/^\[/ { skip = /^\[\[/ } !skip' Cargo.toml.whole > Cargo.toml \
    && mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked

# The binary embeds the migrations, the metadata and the page. A copied file keeps its date, which may lie before
# that of the stand-ins above; touched, it is newer, and cargo builds it.
COPY Cargo.toml ./
COPY migrations migrations
COPY hasura/metadata hasura/metadata
COPY web/dist web/dist
COPY src src
RUN find src -type f -exec touch {} + && cargo build --release --locked --bin hasura-siwe

# The same Debian release as the builder's, for its C library; nothing is installed on top.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="hasura-siwe" \
      org.opencontainers.image.description="Sign-In with Ethereum for Hasura" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

# The certificates that TLS to PostgreSQL trusts when DATABASE_CA_FILE names none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/hasura-siwe /usr/local/bin/hasura-siwe
# The licence of the list of common passwords wants its notice beside the binary that holds it.
COPY src/password/COMMON.md /usr/share/doc/hasura-siwe/common-passwords.md

# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
ENV LISTEN_ADDR=0.0.0.0:4000
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/hasura-siwe", "health"]
ENTRYPOINT ["/usr/local/bin/hasura-siwe"]
CMD ["serve"]
