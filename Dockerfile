# syntax=docker/dockerfile:1

# One server: the program, the C library that it is linked with, and the authorities that it trusts. No shell, no
# packages. docs/container.md says how it is run.

# The version is that of rust-toolchain.toml.
FROM rust:1.95.0-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /src
COPY . .
# The caches stay with whoever builds and do not get into the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    CARGO_PROFILE_RELEASE_STRIP=symbols \
    cargo build --locked --release --package countersign-server --features tls; \
    install -D target/release/countersign /image/usr/local/bin/countersign
# The libraries with their licences, and the packages that they are from in the place where scanners look.
RUN mkdir -p /image/etc /image/var/lib/dpkg/status.d /volume; \
    ldd /image/usr/local/bin/countersign | grep -o '/[^ ]*' > /tmp/libraries; \
    xargs -a /tmp/libraries cp --parents --dereference --target-directory=/image; \
    { xargs -a /tmp/libraries dpkg --search | cut -d: -f1; echo ca-certificates; } | sort -u > /tmp/packages; \
    while read -r package; do \
        dpkg-query --status "$package" > "/image/var/lib/dpkg/status.d/$package"; \
        cp --parents --dereference "/usr/share/doc/$package/copyright" /image; \
    done < /tmp/packages; \
    echo 'countersign:x:10001:10001:Countersign:/var/lib/countersign:/nologin' > /image/etc/passwd; \
    echo 'countersign:x:10001:' > /image/etc/group; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.description="Identity requests, approvals and child requests behind two REST dialects" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /image /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=10001:10001 /volume /var/lib/countersign
ENV PATH=/usr/local/bin \
    COUNTERSIGN__SERVER__LISTEN=0.0.0.0:8080 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
# The default database is countersign-data/countersign.db below it.
WORKDIR /var/lib/countersign
VOLUME /var/lib/countersign
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["countersign", "health"]
ENTRYPOINT ["countersign"]
CMD ["serve", "--migrate"]
