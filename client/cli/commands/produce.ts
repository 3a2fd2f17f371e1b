/** `ottla produce`: lines of standard input or of a file become records. */
import { createReadStream, fstatSync, openSync, type ReadStream } from 'node:fs'
import { isatty } from 'node:tty'
import type { Producer } from '../../producer.ts'
import type { Header } from '../arguments.ts'
import { CommandFailure } from '../failure.ts'
import { LineParser, linesOf } from '../line-records.ts'
import { grouped, plural, printJson, printLine, printProgress, sizeText } from '../output.ts'
import { sentenceOf } from '../sentence.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'

export interface ProduceOptions extends GlobalOptions {
  readonly file?: string
  readonly keySeparator?: string
  readonly header?: readonly Header[]
  readonly partition?: number
  readonly nullMarker?: string
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: 'all' | '1' | '0'
}

const LINE_BYTES_MAX = 64 << 20
const READ_BYTES = 1 << 20
const BATCH_BYTES = 256 << 10
/** One record may be as large as the broker takes. */
const REQUEST_BYTES = 64 << 20
/** Lines read and not yet acknowledged; beyond, reading waits. */
const UNDER_WAY_BYTES_MAX = 16 << 20
const UNDER_WAY_RECORDS_MAX = 50_000
const PROGRESS_MS = 250
const STDERR = 2

const ACKS = { all: 'all', '1': 'leader', '0': 'none' } as const

/** Throws CommandFailure with the number of records written, if not all were. */
export async function produce(topic: string, options: ProduceOptions): Promise<void> {
  const parser = new LineParser(options.keySeparator ?? null, options.nullMarker ?? null)
  const input = options.file === undefined ? process.stdin : streamOf(options.file)
  const timeoutMs = timeoutMsOf(options)
  const written = await withClient(options, async client => {
    const producer = client.producer({
      acks: ACKS[options.acks],
      compression: options.compression,
      batchBytes: BATCH_BYTES,
      requestBytes: REQUEST_BYTES,
      memoryBytes: 4 * UNDER_WAY_BYTES_MAX,
      maxBlockMs: timeoutMs,
      deliveryTimeoutMs: timeoutMs,
    })
    const outgoing = new Outgoing(producer, topic, options)
    const stopProgress = isatty(STDERR) ? showProgress(outgoing) : () => {}
    try {
      for await (const lines of linesOf(input, LINE_BYTES_MAX)) {
        for (const line of lines) {
          const room = outgoing.send(parser.parse(line), line.length)
          if (room !== undefined) await room
        }
      }
      return await outgoing.end()
    } catch (error) {
      stopProgress()
      throw await incomplete(outgoing, error)
    } finally {
      stopProgress()
      await producer.close()
    }
  })
  if (options.json) printJson({ topic, records: written })
  else printLine(`Produced ${plural(written, 'record')} to ${topic}.`)
}

/** Opened before anything is sent. Throws what the system says, CommandFailure for a folder. */
function streamOf(path: string): ReadStream {
  const fd = openSync(path, 'r')
  if (fstatSync(fd).isDirectory()) throw new CommandFailure(`${path} is a folder: name a file.`)
  return createReadStream(path, { fd, highWaterMark: READ_BYTES })
}

async function incomplete(outgoing: Outgoing, error: unknown): Promise<CommandFailure> {
  const written = await outgoing.end().catch(() => outgoing.written)
  return new CommandFailure(`${sentenceOf(error)} ${plural(written, 'record')} had been written.`)
}

/** Records on their way, and how many arrived. The first failure ends it. */
class Outgoing {
  readonly #producer: Producer
  readonly #topic: string
  readonly #partition: { readonly partition?: number }
  readonly #headers: readonly Header[]
  #underWayBytes = 0
  #underWay = 0
  #written = 0
  #sentBytes = 0
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(producer: Producer, topic: string, options: ProduceOptions) {
    this.#producer = producer
    this.#topic = topic
    this.#partition = options.partition === undefined ? {} : { partition: options.partition }
    this.#headers = options.header ?? []
  }

  /** Acknowledged so far. */
  get written(): number {
    return this.#written
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  /** Returns at once while there is room, so that records leave together. */
  send(
    { key, value }: { readonly key: Buffer | null; readonly value: Buffer | null },
    sizeBytes: number,
  ): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure
    this.#underWay++
    this.#underWayBytes += sizeBytes
    this.#sentBytes += sizeBytes
    const record = { topic: this.#topic, key, value, headers: this.#headers, ...this.#partition }
    this.#producer.send(record).then(
      () => {
        this.#written++
        this.#settle(sizeBytes)
      },
      error => {
        this.#failure ??= error
        this.#settle(sizeBytes)
      },
    )
    return this.#isFull() ? this.#until(() => !this.#isFull()) : undefined
  }

  /** Resolves with the number written once all have settled; throws the first failure. */
  async end(): Promise<number> {
    await this.#until(() => this.#underWay === 0)
    if (this.#failure !== null) throw this.#failure
    return this.#written
  }

  #isFull(): boolean {
    return this.#underWay >= UNDER_WAY_RECORDS_MAX || this.#underWayBytes >= UNDER_WAY_BYTES_MAX
  }

  #settle(sizeBytes: number): void {
    this.#underWay--
    this.#underWayBytes -= sizeBytes
    this.#wake?.()
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = () => {
        if (!holds()) return
        this.#wake = null
        resolve()
      }
    })
  }
}

/** Overwrites one line of the terminal. Returns the way to stop and clear it. */
function showProgress(outgoing: Outgoing): () => void {
  let isShown = false
  const timer = setInterval(() => {
    isShown = true
    const sizes = `${grouped(outgoing.written)} records, ${sizeText(outgoing.sentBytes)}`
    printProgress(`\r\x1b[K${sizes}`)
  }, PROGRESS_MS)
  return () => {
    clearInterval(timer)
    if (isShown) printProgress('\r\x1b[K')
    isShown = false
  }
}
