# Build: the official Swift image, with the Swift runtime linked in.
FROM swift:6.3-bookworm AS build
RUN apt-get update -q && apt-get install -y -q --no-install-recommends libssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product shroff --static-swift-stdlib \
    && install -D -s "$(swift build -c release --static-swift-stdlib --show-bin-path)/shroff" /out/shroff

# Run: Debian slim with OpenSSL and zlib, nothing else. The root file system may be mounted read-only; /data is the volume.
FROM debian:bookworm-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin shroff \
    && install -d -o shroff -g shroff /data
COPY --from=build /out/shroff /usr/local/bin/shroff
COPY config /etc/shroff
USER 10001
# Any key of /etc/shroff/shroff.yaml can be set like these; mount a file or folder over /etc/shroff for your own rules.
ENV SHROFF_HTTP_ADDRESS=0.0.0.0 \
    SHROFF_HTTP_PORT=8080 \
    SHROFF_DATA_DIRECTORY=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s --retries=3 CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${SHROFF_HTTP_PORT} && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["/usr/local/bin/shroff"]
CMD ["serve", "--config", "/etc/shroff/shroff.yaml"]
