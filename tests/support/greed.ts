/**
 * Greedy crowds against one broker at its default limits, one after the other, beside a polite
 * client that produces a small record again and again, and a newcomer that connects now and then.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { WireClient } from '../broker/wire-client.ts'
import { type SpawnedBroker, spawnBroker } from '../compat/support/spawned-broker.ts'
import type { Crowd, CrowdNews } from './greed-crowds.ts'

export interface GreedOptions {
  /** Seconds for which the polite client is measured before and after a crowd. */
  readonly calmSeconds: number
  /** Seconds for which a crowd stays once it is there. */
  readonly crowdSeconds: number
  /** Seconds after which freed memory must be back. */
  readonly restSeconds: number
  /** The program whose `start` runs the broker. Default: the sources. */
  readonly program?: string
  readonly overrides?: Readonly<Record<string, string>>
}

/** Delays in ms, of what was asked within one stretch of time. */
export interface Delays {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

export interface CrowdReport {
  readonly crowd: Crowd
  readonly count: number
  readonly produce: { readonly before: Delays; readonly during: Delays; readonly after: Delays }
  /** Connect and ask one small thing, while the crowd was there. */
  readonly newcomer: Delays
  readonly rssBytes: { readonly before: number; readonly peak: number; readonly rested: number }
  /** Kernel memory of TCP beyond what was there before: all of it, and the broker's side. */
  readonly kernelBytes: { readonly peak: number; readonly peakOfBroker: number }
  /** How the crowd fared until it left. */
  readonly news: CrowdNews
  readonly isAlive: boolean
}

const PAGE_BYTES = 4096
const POLITE_PERIOD_MS = 10
const NEWCOMER_PERIOD_MS = 500
const SAMPLE_MS = 50
const TOPICS = ['polite', 'parked', 'full', 'bombs']
const FULL_BYTES = 32 << 20
const CONNECT_DEADLINE_MS = 90_000
const NO_NEWS: CrowdNews = { connected: 0, closed: 0, answers: 0, kernelBytes: 0 }

/** A quarter of what the kernel allows for all TCP sockets. */
export function kernelLimitBytes(): number {
  const text = readFileSync('/proc/sys/net/ipv4/tcp_mem', 'latin1')
  return (Number(text.trim().split(/\s+/)[2]) * PAGE_BYTES) / 4
}

/** One broker, a polite client and a newcomer, for one crowd after another. */
export class GreedCampaign implements AsyncDisposable {
  readonly broker: SpawnedBroker
  readonly #options: GreedOptions
  readonly #net = nodeHost().net
  readonly #samples: { readonly atMs: number; readonly delayMs: number }[] = []
  #newcomers: number[] = []
  #isOver = false
  #isCrowded = false
  #done: Promise<unknown> = Promise.resolve()

  private constructor(broker: SpawnedBroker, options: GreedOptions) {
    this.broker = broker
    this.#options = options
  }

  static async start(options: GreedOptions): Promise<GreedCampaign> {
    const broker = await spawnBroker({ durability: 'os', ...options.overrides }, options.program)
    const campaign = new GreedCampaign(broker, options)
    await campaign.#prepare()
    campaign.#done = Promise.all([campaign.#produce(), campaign.#arrive()])
    return campaign
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#done
    await this.broker[Symbol.asyncDispose]()
  }

  async run(crowd: Crowd, count: number): Promise<CrowdReport> {
    const { calmSeconds, crowdSeconds, restSeconds } = this.#options
    const beforeMs = performance.now()
    await sleep(calmSeconds * 1000)
    const rssBefore = this.#rssBytes()
    const kernelBefore = kernelBytes()
    let news = NO_NEWS
    let rssPeak = 0
    let kernelPeak = 0
    let kernelPeakOfBroker = 0
    const sampler = setInterval(() => {
      const used = kernelBytes() - kernelBefore
      rssPeak = Math.max(rssPeak, this.#rssBytes())
      kernelPeak = Math.max(kernelPeak, used)
      kernelPeakOfBroker = Math.max(kernelPeakOfBroker, used - news.kernelBytes)
    }, SAMPLE_MS)
    const crowdMs = performance.now()
    this.#newcomers = []
    this.#isCrowded = true
    const program = new URL('greed-crowd.ts', import.meta.url)
    const child = fork(program, [crowd, `${this.broker.port}`, `${count}`])
    child.on('message', message => (news = message as CrowdNews))
    while (news.connected < count && performance.now() - crowdMs < CONNECT_DEADLINE_MS) {
      await sleep(SAMPLE_MS)
    }
    await sleep(crowdSeconds * 1000)
    await left(child)
    this.#isCrowded = false
    const afterMs = performance.now()
    await sleep(restSeconds * 1000)
    clearInterval(sampler)
    const restedMs = afterMs + (restSeconds - calmSeconds) * 1000
    return {
      crowd,
      count,
      produce: {
        before: this.#producedBetween(beforeMs, crowdMs),
        during: this.#producedBetween(crowdMs, afterMs),
        after: this.#producedBetween(restedMs, performance.now()),
      },
      newcomer: delaysOf(this.#newcomers),
      rssBytes: { before: rssBefore, peak: rssPeak, rested: this.#rssBytes() },
      kernelBytes: { peak: kernelPeak, peakOfBroker: kernelPeakOfBroker },
      news,
      isAlive: this.#rssBytes() > 0,
    }
  }

  async #prepare(): Promise<void> {
    const client = await WireClient.connect(this.#net, this.broker.port)
    await client.ask(ApiKey.CREATE_TOPICS, 4, {
      topics: TOPICS.map(name => ({ name, numPartitions: 1, replicationFactor: 1 })),
      timeoutMs: 10_000,
    })
    const batch = batchOf(1_000_000)
    for (let size = 0; size < FULL_BYTES; size += batch.length) await produce(client, 'full', batch)
    client.connection.destroy()
  }

  /** A client that is cut connects again; the time without an answer counts. */
  async #produce(): Promise<void> {
    const batch = batchOf(100)
    let client: WireClient | null = null
    let atMs = performance.now()
    while (!this.#isOver) {
      try {
        client ??= await WireClient.connect(this.#net, this.broker.port)
        await produce(client, 'polite', batch)
        this.#samples.push({ atMs, delayMs: performance.now() - atMs })
        await sleep(POLITE_PERIOD_MS)
        atMs = performance.now()
      } catch {
        client = null
        await sleep(POLITE_PERIOD_MS)
      }
    }
    client?.connection.destroy()
  }

  async #arrive(): Promise<void> {
    while (!this.#isOver) {
      await sleep(NEWCOMER_PERIOD_MS)
      if (!this.#isCrowded) continue
      const startMs = performance.now()
      try {
        const client = await WireClient.connect(this.#net, this.broker.port)
        await client.ask(ApiKey.API_VERSIONS, 0, {})
        this.#newcomers.push(performance.now() - startMs)
        client.connection.destroy()
      } catch {
        this.#newcomers.push(Number.POSITIVE_INFINITY)
      }
    }
  }

  #producedBetween(startMs: number, endMs: number): Delays {
    const within = this.#samples.filter(({ atMs, delayMs }) => {
      return atMs + delayMs >= startMs && atMs < endMs
    })
    return delaysOf(within.map(({ delayMs }) => delayMs))
  }

  /** 0 once the broker is gone. */
  #rssBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.broker.pid}/status`, 'latin1')
      return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? 0) * 1024
    } catch {
      return 0
    }
  }
}

function produce(client: WireClient, name: string, records: Buffer): Promise<unknown> {
  return client.ask(ApiKey.PRODUCE, 7, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 30_000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  })
}

function batchOf(valueBytes: number): Buffer {
  return buildBatch({ records: [{ key: null, value: Buffer.alloc(valueBytes), timestamp: 0 }] })
}

function left(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.disconnect()
  })
}

/** Kernel memory of all TCP sockets of the machine. */
function kernelBytes(): number {
  const text = readFileSync('/proc/net/sockstat', 'latin1')
  return Number(/^TCP:.* mem (\d+)/m.exec(text)?.[1] ?? 0) * PAGE_BYTES
}

function delaysOf(delaysMs: readonly number[]): Delays {
  const sorted = [...delaysMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1), count: sorted.length }
}
