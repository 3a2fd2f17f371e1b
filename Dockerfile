# The package is built in one stage and only what runs is carried into the next.
FROM node:26-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

# Debian slim, because tools that start brokers in containers want bash.
FROM node:26-bookworm-slim
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/ottla
RUN groupadd --system ottla && useradd --system --gid ottla --home-dir /var/lib/ottla ottla \
  && install -d -o ottla -g ottla /var/lib/ottla /var/lib/ottla/data /etc/ottla /var/cache/ottla
WORKDIR /opt/ottla
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
RUN ln -s /opt/ottla/dist/ottla.js /usr/local/bin/ottla
USER ottla
VOLUME /var/lib/ottla/data
EXPOSE 9092
HEALTHCHECK --interval=5s --timeout=3s --start-period=2s CMD ["ottla", "health"]
# A container is reached from outside itself. Who may reach it is decided by what is published.
ENV KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9092 \
  OTTLA_ALLOW_PUBLIC_LISTENER=true \
  KAFKA_LOG_DIRS=/var/lib/ottla/data
ENTRYPOINT ["ottla"]
CMD ["start"]
