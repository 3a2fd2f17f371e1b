import type { Host, Timer } from '../host/host.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { BrokerConfig } from './config/broker-config.ts'

export interface UpkeepOptions {
  readonly host: Pick<Host, 'clock' | 'loop' | 'log'>
  readonly config: BrokerConfig
  readonly logDirectory: LogDirectory
}

/** Timers cannot be set for longer than 2^31 ms. */
const INTERVAL_MS_MAX = 2 ** 31 - 1
/**
 * log.flush.scheduler.interval.ms is off by default in Kafka; flush.ms needs some rhythm. A deleted
 * file, too, is unlinked up to so late, as Kafka's is.
 */
const FLUSH_INTERVAL_MS = 1_000

/**
 * What a data folder needs now and then: retention, unlinks and flushes that are due, producers
 * forgotten, checkpoints. Each task is scheduled again when it has run, so that a slow task never
 * runs twice at once.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #timers = new Map<string, Timer>()
  #checkpointing: Promise<void> | null = null
  #unlinking: Promise<void> | null = null
  #isStopped = false

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  start(): void {
    const { config, logDirectory, host } = this.#options
    this.#every('retention', config.get('log.retention.check.interval.ms'), () => this.#sweep())
    const expiryMs = config.get('producer.id.expiration.check.interval.ms')
    this.#every('producers', expiryMs, () => logDirectory.expireProducers(host.clock.nowMs()))
    const flushMs = Math.min(config.get('log.flush.scheduler.interval.ms'), FLUSH_INTERVAL_MS)
    this.#every('flush and unlink', flushMs, () => {
      logDirectory.flushDue(host.clock.nowMs())
      this.#unlink()
    })
    const checkpointMs = Math.min(
      config.get('replica.high.watermark.checkpoint.interval.ms'),
      config.get('log.flush.offset.checkpoint.interval.ms'),
      config.get('log.flush.start.offset.checkpoint.interval.ms'),
    )
    this.#every('checkpoint', checkpointMs, () => this.#checkpoint())
  }

  /** Nothing of it runs any more once this resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    await this.#checkpointing
    await this.#unlinking
  }

  #every(name: string, intervalMs: number, task: () => void): void {
    const { clock } = this.#options.host
    const delayMs = Math.min(intervalMs, INTERVAL_MS_MAX)
    const run = () => {
      task()
      if (!this.#isStopped) this.#every(name, intervalMs, task)
    }
    const timer = clock.schedule(delayMs, run, 'upkeep')
    this.#timers.set(name, timer)
  }

  #sweep(): void {
    const { host, logDirectory } = this.#options
    for (const report of logDirectory.sweep(host.clock.nowMs())) {
      host.log.info({ ...report }, 'retention removed segments')
    }
    // Without a delete delay, what was just removed is due.
    this.#unlink()
  }

  #unlink(): void {
    const { host, logDirectory } = this.#options
    if (this.#unlinking !== null || !logDirectory.isUnlinkDue(host.clock.nowMs())) return
    this.#unlinking = logDirectory.unlinkDue(host.clock.nowMs()).finally(() => {
      this.#unlinking = null
    })
    host.loop.spawn('unlink', this.#unlinking)
  }

  #checkpoint(): void {
    if (this.#checkpointing !== null) return
    const { host, logDirectory } = this.#options
    this.#checkpointing = logDirectory.checkpoint().finally(() => {
      this.#checkpointing = null
    })
    host.loop.spawn('checkpoint', this.#checkpointing)
  }
}
