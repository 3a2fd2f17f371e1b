/** `ottla produce`: lines of standard input or of a file become records. */
import { createReadStream, fstatSync, openSync, type ReadStream } from 'node:fs'
import { isatty } from 'node:tty'
import type { Header } from '../arguments.ts'
import { CommandFailure, Interrupted, type InterruptingSignal } from '../failure.ts'
import { Interruption } from '../interruption.ts'
import { LineParser, linesOf } from '../line-records.ts'
import { Outgoing, PRODUCER_MEMORY_BYTES } from '../outgoing.ts'
import {
  grouped,
  plural,
  printJson,
  printLine,
  printNote,
  printProgress,
  sizeText,
} from '../output.ts'
import { sentenceOf } from '../sentence.ts'
import { type GlobalOptions, withClient } from '../session.ts'

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
/** Kafka's delivery.timeout.ms: a broker that restarts is back within this. */
const DELIVERY_TIMEOUT_MS = 120_000
const PROGRESS_MS = 250
const STDIN = 0
const STDERR = 2

const ACKS = { all: 'all', '1': 'leader', '0': 'none' } as const

/**
 * Throws CommandFailure, or Interrupted after a signal, with the number of records that were
 * acknowledged.
 */
export async function produce(topic: string, options: ProduceOptions): Promise<void> {
  const { acks, compression, header, partition, timeout } = options
  const parser = new LineParser(options.keySeparator ?? null, options.nullMarker ?? null)
  const input = options.file === undefined ? process.stdin : streamOf(options.file)
  const timeoutMs = timeout ?? DELIVERY_TIMEOUT_MS
  await withClient(options, async client => {
    const producer = client.producer({
      acks: ACKS[acks],
      compression,
      batchBytes: BATCH_BYTES,
      requestBytes: REQUEST_BYTES,
      memoryBytes: PRODUCER_MEMORY_BYTES,
      maxBlockMs: timeoutMs,
      deliveryTimeoutMs: timeoutMs,
    })
    const place = { topic, ...(partition === undefined ? {} : { partition }) }
    const outgoing = new Outgoing(producer, { ...place, headers: header ?? [] })
    const stopProgress = showProgress(outgoing, options)
    const interruption = new Interruption(() => `Interrupted. ${countOf(outgoing)}`)
    try {
      await sendLines(input, parser, outgoing, interruption)
      await outgoing.end()
    } catch (error) {
      await outgoing.settled()
      stopProgress()
      throw incomplete(topic, outgoing, error, options)
    } finally {
      stopProgress()
      interruption.forget()
      await producer.close()
    }
    if (options.json) printJson({ topic, records: outgoing.written })
    else printLine(`Produced ${plural(outgoing.written, 'record')} to ${topic}.`)
  })
}

/** Opened before anything is sent. Throws what the system says, CommandFailure for a folder. */
function streamOf(path: string): ReadStream {
  const fd = openSync(path, 'r')
  if (fstatSync(fd).isDirectory()) throw new CommandFailure(`${path} is a folder: name a file.`)
  return createReadStream(path, { fd, highWaterMark: READ_BYTES })
}

/** A signal that comes before the last line was read ends the reading. */
class ReadingStopped extends Error {
  readonly signal: InterruptingSignal

  constructor(signal: InterruptingSignal) {
    super(signal)
    this.signal = signal
  }
}

async function sendLines(
  input: NodeJS.ReadStream | ReadStream,
  parser: LineParser,
  outgoing: Outgoing,
  interruption: Interruption,
): Promise<void> {
  let isReading = true
  interruption.onFirst(signal => {
    if (!isReading) return
    const stopped = new ReadingStopped(signal)
    outgoing.fail(stopped)
    input.destroy(stopped)
  })
  for await (const lines of linesOf(input, LINE_BYTES_MAX)) {
    for (const line of lines) {
      const room = outgoing.send(parser.parse(line), line.length)
      if (room !== undefined) await room
    }
  }
  isReading = false
}

/** What is told of a command that did not write all its lines. */
function incomplete(topic: string, outgoing: Outgoing, error: unknown, o: ProduceOptions): Error {
  const reason = error instanceof ReadingStopped ? 'Interrupted.' : sentenceOf(error)
  if (o.json) printJson({ topic, records: outgoing.written, error: reason })
  const message = `${reason} ${countOf(outgoing)}`
  return error instanceof ReadingStopped
    ? new Interrupted(error.signal, message)
    : new CommandFailure(message)
}

function countOf({ written, underWay }: Outgoing): string {
  const more = underWay === 0 ? '' : `; of ${plural(underWay, 'more record')} that is not known`
  return `${plural(written, 'record')} had been written${more}.`
}

/**
 * Overwrites one line of the terminal, unless records are typed into it. Returns the way to stop
 * and clear the line.
 */
function showProgress(outgoing: Outgoing, { file }: ProduceOptions): () => void {
  if (file === undefined && isatty(STDIN)) {
    printNote('Type records, one a line; Ctrl-D ends.')
    return () => {}
  }
  if (!isatty(STDERR)) return () => {}
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
