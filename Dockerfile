# The package is built in one stage and only what runs is carried into the next.
FROM node:26-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

# Debian slim, because tools that start brokers in containers want bash.
FROM node:26-bookworm-slim
# The first file holds the defaults of the image; files that are mounted win over it, and variables
# (KAFKA_*, KAFKA_CFG_*, CLUSTER_ID) over both. No setting may stand here: it would win over files.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/ottla \
  OTTLA_CONFIG_PATH=/opt/ottla/image.properties:/mnt/shared/config/server.properties:/etc/ottla/server.properties
RUN groupadd --system ottla && useradd --system --gid ottla --home-dir /var/lib/ottla ottla \
  && install -d -o ottla -g ottla \
    /var/lib/ottla /var/lib/ottla/data /etc/ottla /var/cache/ottla /run/ottla
WORKDIR /opt/ottla
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY packaging/image.properties packaging/healthcheck.sh ./
COPY packaging/run.sh /etc/kafka/docker/run
RUN ln -s /opt/ottla/dist/ottla.js /usr/local/bin/ottla
USER ottla
VOLUME /var/lib/ottla/data
EXPOSE 9092
HEALTHCHECK --interval=5s --timeout=3s --start-period=2s CMD ["/opt/ottla/healthcheck.sh"]
ENTRYPOINT ["ottla"]
CMD ["start"]
