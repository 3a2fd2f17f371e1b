import type { LogLevel } from '../host/host.ts'
import { onStopSignal, watchStopSignals } from '../host/node/stop-signals.ts'

if (import.meta.main) watchStopSignals()

// Read when the thread pool is first used, so it is said before anything else is loaded.
process.env['UV_THREADPOOL_SIZE'] ??= '32'
const { setFlagsFromString } = await import('node:v8')
// V8 doubles the young generation as objects survive in it, of which a broker has few: under full
// load it had 8 MiB after ten seconds and its limit of 16, which is collected half as often, within
// a minute; under less load later. It may have that at once.
setFlagsFromString('--semi-space-growth-factor=16')
const { parseStart, readConfig, startLine, startServer } = await import('./start.ts')
const { StartFailure } = await import('./start-failure.ts')
const { nodeHost } = await import('../host/node/host.ts')
const { readFileSync } = await import('node:fs')
const { resolve } = await import('node:path')
const { dataFolder } = await import('./parts.ts')
const { LOG_LEVELS } = await import('../host/log-levels.ts')

/**
 * Runs a broker in this process until SIGTERM, SIGINT or SIGHUP stops it cleanly:
 * `[start] [server.properties] [--override name=value]...`. Resolves when it listens, or when it
 * could not: that is said in one sentence on standard error, and ends the process with 1 if the
 * start failed, with 2 if it was asked for wrongly. A signal during the start ends the process at
 * once: nothing was acknowledged yet, and the folder is as after a kill. The CLI's `ottla start` is
 * this.
 */
export async function startBroker(args: readonly string[]): Promise<void> {
  watchStopSignals()
  try {
    await run(args)
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    process.stderr.write(`ottla: ${error.message}\n`)
    process.exitCode = error.exitCode
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { config, warnings, summary } = readConfig(parseStart(args), process.env, nodeHost().disk)
  const native = config.get('ottla.native')
  const heldBytes = config.get('queued.max.request.bytes')
  const level = logLevel(process.env['LOG_LEVEL'] ?? 'info')
  const host = nodeHost({
    native: native === 'on' ? 'on' : 'off',
    nativeCrc: native === 'off' ? 'off' : 'on',
    ...(heldBytes > 0 && { receiveBytesMax: heldBytes }),
    sendBytesMax: config.get('ottla.reply.memory.bytes'),
    // Standard output is for the start-up line.
    log: { destination: 2, level: level ?? 'info' },
    onBug: error => {
      host.log.fatal({ err: error }, 'a bug: the broker ends')
      process.exit(1)
    },
  })
  if (level === null) {
    host.log.warn({}, `LOG_LEVEL is none of ${LOG_LEVELS.join(', ')}: taken as info`)
  }
  for (const warning of warnings) host.log.warn({}, warning)
  if (summary !== null) host.log.info({}, summary)
  const server = await startServer({ host, config, folder: resolve(dataFolder(config)) })
  const stop = (exitCode: number) => {
    server.stop().then(
      () => process.exit(exitCode),
      error => {
        host.log.fatal({ err: error }, 'the broker could not stop cleanly')
        process.exit(1)
      },
    )
  }
  server.onOffline(error => {
    host.log.fatal({ err: error }, 'the data folder failed: the broker ends')
    stop(1)
  })
  onStopSignal(signal => {
    host.log.info({ signal }, 'stopping')
    stop(0)
  })
  // Testcontainers waits for these words of Apache Kafka's.
  host.log.info({ nodeId: server.parts.nodeId }, 'Transitioning from RECOVERY to RUNNING')
  process.stdout.write(`${startLine(server, version(), process.uptime() * 1000)}\n`)
}

/** The level a text names, in capitals or not; null if the text names none. */
function logLevel(text: string): LogLevel | null {
  return LOG_LEVELS.find(level => level === text.trim().toLowerCase()) ?? null
}

/** Put in by the build, or read beside the sources. */
function version(): string {
  const built = process.env['OTTLA_VERSION']
  if (built !== undefined) return built
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

if (import.meta.main) await startBroker(process.argv.slice(2))
