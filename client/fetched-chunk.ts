/**
 * What one partition's part of a fetch answer holds: batches checked and expanded, records read as
 * they are asked for. Leaves out control batches and, where asked to, aborted transactions.
 */
import type { FetchResponse } from '../protocol/messages/fetch.ts'
import { BATCH_HEADER_BYTES, BatchView, batchSizeAt } from '../protocol/records/batch.ts'
import { Codec, expandLater, expandNow } from '../protocol/records/compression.ts'
import { ControlType, readControlRecord } from '../protocol/records/control.ts'
import { CorruptRecords } from '../protocol/records/corrupt-records.ts'
import { type LogRecord, readRecords } from '../protocol/records/reader.ts'
import type { ClientHost } from './client-host.ts'

/** A partition's part of an answer. */
export type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

export interface ChunkRules {
  readonly host: ClientHost
  readonly checkCrcs: boolean
  readonly expandedBytesMax: number
  readonly skipAborted: boolean
}

/** Records of one partition, in order. */
export interface FetchedChunk {
  readonly records: Iterator<LogRecord>
  /** What follows the last batch, whether or not its records are handed out. */
  readonly nextOffset: number
  /** Of memory held, expanded. */
  readonly sizeBytes: number
}

interface ExpandedBatch {
  readonly batch: BatchView
  readonly payload: Buffer
}

/** Compressed payloads up to this are expanded at once, larger ones without holding up the loop. */
const EXPAND_NOW_BYTES = 32 * 1024

/**
 * Reads an answer to a fetch from `fetchOffset`; null if it holds no whole batch. A batch cut at
 * the end is left for the next fetch. Rejects with CorruptRecords or ExpansionLimit.
 */
export async function readChunk(
  answer: PartitionAnswer,
  fetchOffset: number,
  rules: ChunkRules,
): Promise<FetchedChunk | null> {
  const bytes = answer.records as Buffer | null
  if (bytes === null || bytes.length === 0) return null
  const isAborted = rules.skipAborted ? abortedFilter(answer) : () => false
  const batches: ExpandedBatch[] = []
  let nextOffset = -1
  let sizeBytes = 0
  for (const batch of wholeBatches(bytes)) {
    checkBatch(batch, rules)
    nextOffset = batch.lastOffset + 1
    if (isAborted(batch) || batch.isControl || batch.lastOffset < fetchOffset) continue
    const payload = await expand(batch, rules)
    batches.push({ batch, payload })
    sizeBytes += payload.length
  }
  if (nextOffset < 0) return null
  return { records: recordsFrom(batches, fetchOffset), nextOffset, sizeBytes }
}

function* wholeBatches(bytes: Buffer): Generator<BatchView> {
  let at = 0
  while (at + BATCH_HEADER_BYTES <= bytes.length) {
    const sizeBytes = batchSizeAt(bytes, at)
    if (sizeBytes < BATCH_HEADER_BYTES) throw new CorruptRecords('a batch length is impossible')
    if (at + sizeBytes > bytes.length) return
    yield new BatchView(bytes, at)
    at += sizeBytes
  }
}

function checkBatch(batch: BatchView, rules: ChunkRules): void {
  if (batch.magic !== 2) throw new CorruptRecords(`a batch has the unknown format ${batch.magic}`)
  if (rules.checkCrcs && batch.computeCrc(rules.host.crc32c) !== batch.crc) {
    throw new CorruptRecords('a batch fails its checksum')
  }
}

function expand(batch: BatchView, rules: ChunkRules): Buffer | Promise<Buffer> {
  const { codec, payload } = batch
  if (codec === Codec.NONE) return payload
  if (payload.length <= EXPAND_NOW_BYTES) return expandNow(codec, payload, rules.expandedBytesMax)
  const { loop } = rules.host
  return expandLater(codec, payload, rules.expandedBytesMax, () => loop.nextTurn())
}

function* recordsFrom(batches: readonly ExpandedBatch[], fetchOffset: number) {
  for (const { batch, payload } of batches) {
    for (const record of readRecords(batch, payload)) {
      // The first batch may begin before what was asked for.
      if (record.offset >= fetchOffset) yield record
    }
  }
}

/**
 * Tells of each batch, in order, whether its transaction was aborted. A producer's records count
 * as aborted from the first offset the broker names to the abort marker (KIP-98).
 */
function abortedFilter(answer: PartitionAnswer): (batch: BatchView) => boolean {
  const coming = [...(answer.abortedTransactions ?? [])]
  coming.sort((a, b) => a.firstOffset - b.firstOffset)
  const aborted = new Set<number>()
  return batch => {
    while (coming[0] !== undefined && coming[0].firstOffset <= batch.lastOffset) {
      aborted.add(coming.shift()!.producerId)
    }
    if (!batch.isTransactional) return false
    if (!batch.isControl) return aborted.has(batch.producerId)
    if (readControlRecord(batch)?.type === ControlType.ABORT) aborted.delete(batch.producerId)
    return false
  }
}
