# Winnow as a container: one static binary that is not root and needs nothing else. Works with the classic builder and BuildKit.
#   docker build -t winnow .
#   docker run -p 127.0.0.1:8080:8080 -v winnow:/data -e WINNOW_HUBSPOT_CLIENT_SECRET -e WINNOW_HUBSPOT_TOKEN winnow
# make image builds from the digests in deploy/base-images.env; scripts/base-images moves these on.
ARG GO_IMAGE=golang:1.26-bookworm
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot

# The compiler runs on the machine's own platform and compiles for the one that is asked for, which BuildKit names. The classic
# builder names none: it builds for the machine's own.
FROM --platform=${BUILDPLATFORM:-linux} ${GO_IMAGE} AS build
WORKDIR /src
ARG TARGETOS=linux
ARG TARGETARCH
ENV CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH}
# The modules come first, in layers of their own, the largest of them compiled: they are built again only when they change.
COPY go.mod go.sum ./
RUN go mod download
RUN go build -trimpath github.com/nats-io/nats-server/v2/server github.com/prometheus/client_golang/prometheus/promhttp \
    github.com/go-resty/resty/v2 go.uber.org/zap github.com/fxamacker/cbor/v2 golang.org/x/net/html github.com/ncruces/go-sqlite3/driver
COPY . .
ARG VERSION=dev
RUN VERSION="${VERSION}" scripts/build /out/winnow && mkdir /out/data && scripts/licences /out/winnow /out/licences

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="Winnow" \
      org.opencontainers.image.description="Rates the prospects in a CRM by their conduct, and disqualifies with reasons" \
      org.opencontainers.image.source="https://github.com/winnow-crm/winnow" \
      org.opencontainers.image.documentation="https://github.com/winnow-crm/winnow#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
COPY --from=build /out/winnow /winnow
COPY --from=build /src/LICENSE /LICENSE
# of all that is in the binary
COPY --from=build /out/licences /licences
# A new volume takes over the owner of this directory. A directory of the host that is mounted here must belong to 65532.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV WINNOW_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# A large store takes a while to open, hence the start period.
HEALTHCHECK --interval=10s --timeout=8s --start-period=2m --retries=3 CMD ["/winnow", "healthcheck"]
ENTRYPOINT ["/winnow"]
CMD ["serve"]
