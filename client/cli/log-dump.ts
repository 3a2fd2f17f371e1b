/** What `ottla dump-log` says of one file: a line for people and an object for programs each. */
import type { Host } from '../../host/host.ts'
import { type BatchView, Codec } from '../../protocol/records/batch.ts'
import type { LogRecord } from '../../protocol/records/reader.ts'
import { parseOffsets, readTextFile } from '../../storage/checkpoint.ts'
import {
  type DumpedBatch,
  type DumpedIndex,
  dumpEpochs,
  dumpOffsetIndex,
  dumpSegment,
  dumpSnapshot,
  dumpTimeIndex,
  dumpTransactionIndex,
} from '../../storage/dump.ts'
import { parseMetaProperties, UnreadableIdentity } from '../../storage/meta-properties.ts'
import { parsePartitionMetadata } from '../../storage/partition-metadata.ts'
import type { Producer } from '../../storage/producer.ts'
import type { LogFile } from './log-files.ts'
import { plural, sizeText } from './output.ts'
import { contentOf } from './record-format.ts'

export interface DumpedLine {
  readonly text: string
  readonly data: object
  /** What is wrong with what the line shows. */
  readonly faults: readonly string[]
}

/** Disk and checksum are all that is asked of the world. */
export type DumpHost = Pick<Host, 'disk' | 'crc32c'>

const CODEC_NAMES: ReadonlyMap<number, string> = new Map([
  [Codec.NONE, 'none'],
  [Codec.GZIP, 'gzip'],
  [Codec.SNAPPY, 'snappy'],
  [Codec.LZ4, 'lz4'],
  [Codec.ZSTD, 'zstd'],
])

/** Reads a file piece by piece: a segment is never in memory whole. Throws DiskError. */
export function* dumpFile(
  host: DumpHost,
  file: LogFile,
  withRecords: boolean,
): Generator<DumpedLine> {
  if (file.kind === 'segment') yield* segmentLines(host, file, withRecords)
  else yield* smallFileLines(host, file)
}

function* segmentLines(
  { disk, crc32c }: DumpHost,
  { path, baseOffset }: LogFile,
  withRecords: boolean,
): Generator<DumpedLine> {
  const opened = disk.open(path, 'read')
  let batches = 0
  let records = 0
  try {
    const walk = dumpSegment(opened, { crc32c, baseOffset, deep: true })
    for (;;) {
      const step = walk.next()
      if (!step.done) {
        batches++
        records += step.value.batch.recordCount
        yield batchLine(step.value, withRecords)
        continue
      }
      const { validBytes, trailingBytes } = step.value
      const counts = `${plural(batches, 'batch', 'batches')}, ${plural(records, 'record')}`
      yield {
        text: `${counts}, ${sizeText(validBytes)}`,
        data: { batches, records, validBytes, trailingBytes },
        faults:
          trailingBytes === 0 ? [] : [`the last ${plural(trailingBytes, 'byte')} are no batch`],
      }
      return
    }
  } finally {
    opened.close()
  }
}

function batchLine({ batch, position, problems, records }: DumpedBatch, withRecords: boolean) {
  const shown = withRecords && !batch.isControl ? records : []
  const data = {
    position,
    ...batchData(batch),
    ...(withRecords && { records: shown.map(recordData) }),
  }
  const text = [batchText(batch, position), ...shown.map(recordText)].join('\n')
  return { text, data, faults: problems.map(fault => `batch at ${position}: ${fault}`) }
}

function batchData(batch: BatchView) {
  return {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    recordCount: batch.recordCount,
    sizeBytes: batch.sizeBytes,
    codec: codecName(batch),
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    isLogAppendTime: batch.isLogAppendTime,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    crc: batch.crc,
  }
}

function batchText(batch: BatchView, position: number): string {
  const parts = [
    `${batch.baseOffset}..${batch.lastOffset}`,
    `at ${position}`,
    plural(batch.recordCount, 'record'),
    plural(batch.sizeBytes, 'byte'),
    codecName(batch),
    `epoch ${batch.leaderEpoch}`,
    `time ${timeText(batch.maxTimestamp)}${batch.isLogAppendTime ? ' (append)' : ''}`,
  ]
  if (batch.producerId >= 0) {
    parts.push(`producer ${batch.producerId}/${batch.producerEpoch} from ${batch.baseSequence}`)
  }
  if (batch.isTransactional) parts.push('transactional')
  if (batch.isControl) parts.push('control')
  return parts.join('  ')
}

function codecName(batch: BatchView): string {
  return CODEC_NAMES.get(batch.codec) ?? `codec ${batch.codec}`
}

/** Control and hostile batches may hold times that are no date. */
function timeText(timestampMs: number): string {
  const date = new Date(timestampMs)
  return timestampMs < 0 || Number.isNaN(date.getTime()) ? String(timestampMs) : date.toISOString()
}

function recordData({ headers, ...record }: LogRecord): object {
  const named = headers.map(header => ({ key: header.key.toString(), value: header.value }))
  return contentOf({ ...record, headers: named })
}

function recordText(record: LogRecord): string {
  return `  ${JSON.stringify(recordData(record))}`
}

function smallFileLines(host: DumpHost, file: LogFile): DumpedLine[] {
  const { disk, crc32c } = host
  const { path, baseOffset, kind } = file
  const target = { disk, crc32c, path, logPath: logPathOf(path), baseOffset }
  switch (kind) {
    case 'offset-index':
      return hasLog(host, target.logPath) ?? entryLines(dumpOffsetIndex(target))
    case 'time-index':
      return hasLog(host, target.logPath) ?? entryLines(dumpTimeIndex(target))
    case 'transaction-index':
      return entryLines(dumpTransactionIndex(disk, path, baseOffset))
    case 'producer-snapshot': {
      const { entries, problems } = dumpSnapshot(disk, path, crc32c)
      return entryLines({ entries: entries.map(producerData), problems })
    }
    case 'epochs':
      return entryLines(dumpEpochs(disk, path))
    case 'checkpoint': {
      const offsets = parseOffsets(readTextFile(disk, path) ?? '')
      if (offsets === null) return faultLine('not a checkpoint of version 0')
      const entries = [...offsets].map(([partition, offset]) => ({ partition, offset }))
      return entryLines({ entries, problems: [] })
    }
    case 'partition-metadata': {
      const topicId = parsePartitionMetadata(readTextFile(disk, path) ?? '')
      return topicId === null ? faultLine('it names no topic id') : entryLine({ topicId })
    }
    default:
      return identityLines(readTextFile(disk, path) ?? '')
  }
}

function identityLines(text: string): DumpedLine[] {
  try {
    return entryLine(parseMetaProperties(text))
  } catch (error) {
    if (error instanceof UnreadableIdentity) return faultLine(error.message)
    throw error
  }
}

function producerData(producer: Producer): object {
  return {
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.lastSequence,
    lastOffset: producer.lastOffset,
    lastTimestamp: producer.lastTimestampMs,
    coordinatorEpoch: producer.coordinatorEpoch,
    transactionFirstOffset: producer.transactionFirstOffset,
  }
}

/** The segment an index belongs to, a `.deleted` one to a `.deleted` one. */
function logPathOf(indexPath: string): string {
  return indexPath.replace(/\.(index|timeindex)(\.\w+)?$/, '.log$2')
}

/** An index says nothing without its log. */
function hasLog({ disk }: DumpHost, logPath: string): DumpedLine[] | null {
  return disk.stat(logPath) === null ? faultLine(`its log ${logPath} is not there`) : null
}

function entryLines({ entries, problems }: DumpedIndex<object>): DumpedLine[] {
  const count = plural(entries.length, 'entry', 'entries')
  return [
    ...entries.flatMap(entry => entryLine(entry)),
    { text: count, data: { entries: entries.length }, faults: problems },
  ]
}

function entryLine(entry: object): DumpedLine[] {
  const text = Object.entries(entry)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name, value]) => `${name} ${value}`)
    .join('  ')
  return [{ text, data: entry, faults: [] }]
}

function faultLine(fault: string): DumpedLine[] {
  return [{ text: '', data: {}, faults: [fault] }]
}
