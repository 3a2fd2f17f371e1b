/**
 * The message fuzzer: valid frames of every message and version, each mutant with one lie in it.
 * Whatever comes in, decoding gives a value or a ProtocolViolation, soon and in bounded memory.
 */
import fc from 'fast-check'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { encodeRequestFrame, encodeResponseFrame } from '../../protocol/frame.ts'
import { decodeRequestHeader, decodeResponseHeader } from '../../protocol/header.ts'
import { messages } from '../../protocol/messages/index.ts'
import type { Message } from '../../protocol/schema.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { arbitraryMessage } from './arbitrary-message.ts'
import { heapBytes } from './heap-size.ts'
import { mutations, type Sample, seededRandom } from './mutations.ts'
import { findSites } from './wire-sites.ts'

/** Decoded values may hold this many times the bytes they came from, and a little to start with. */
export const HEAP_FACTOR_MAX = 64
const HEAP_BASE_BYTES = 2_048
const CORRELATION_ID = 77

export interface FuzzReport {
  readonly mutants: number
  /** Those that were still a message. */
  readonly decoded: number
  readonly refused: number
  /** CPU time of the longest decoding, run again to leave out what the machine did meanwhile. */
  readonly slowestMs: number
}

interface Subject extends Sample {
  readonly message: Message
  readonly version: number
}

/** Decodes so many mutants; throws on the first that behaves worse than it should. */
export function fuzzMessages(
  declared: Iterable<Message>,
  { seed, mutants }: { readonly seed: number; readonly mutants: number },
): FuzzReport {
  const random = seededRandom(seed)
  const subjects = [...declared].flatMap(message => subjectsOf(message, seed))
  const names = Object.keys(mutations)
  const report = { mutants, decoded: 0, refused: 0, slowestMs: 0 }
  for (let i = 0; i < mutants; i++) {
    const subject = random.pick(subjects)
    const name = random.pick(names)
    const bytes = mutations[name]!(subject, random, random.pick(subjects).bytes)
    const version = random.below(16) === 0 ? subject.version + 1 : subject.version
    const what = () => `seed ${seed}, ${subject.message.name} v${version}, ${name}: ${hex(bytes)}`
    const began = performance.now()
    if (isDecoded(subject.message, version, bytes, what)) report.decoded++
    else report.refused++
    if (performance.now() - began > Math.max(5, report.slowestMs)) {
      report.slowestMs = Math.max(report.slowestMs, quickestMs(subject.message, version, bytes))
    }
  }
  return report
}

/** Every prefix of every sample: all but the whole must be refused, or be a shorter message. */
export function fuzzTruncations(declared: Iterable<Message>, seed: number): number {
  let count = 0
  for (const message of declared) {
    for (const { version, bytes } of subjectsOf(message, seed)) {
      for (let end = 0; end <= Math.min(bytes.length, 512); end++) {
        const what = () => `${message.name} v${version} cut at ${end}: ${hex(bytes)}`
        isDecoded(message, version, bytes.subarray(0, end), what)
        count++
      }
    }
  }
  return count
}

function subjectsOf(message: Message, seed: number): Subject[] {
  const subjects: Subject[] = []
  for (let version = message.versions.min; version <= message.versions.max; version++) {
    const drafts = fc.sample(arbitraryMessage(message, version), { seed, numRuns: 3 })
    for (const draft of drafts) {
      const bytes = encode(message, version, draft as never)
      const sites = findSites(message, version, bytes, headerBytes(message, version))
      subjects.push({ message, version, bytes, sites })
    }
  }
  return subjects
}

function encode(message: Message, version: number, draft: never): Buffer {
  if (message.kind === 'data') {
    const writer = new WireWriter()
    message.encode(writer, version, draft)
    return writer.bytes()
  }
  const pieces =
    message.kind === 'request'
      ? encodeRequestFrame(
          message,
          { version, correlationId: CORRELATION_ID, clientId: 'f' },
          draft,
        )
      : encodeResponseFrame(message, version, CORRELATION_ID, draft)
  return Buffer.concat(pieces as readonly Buffer[]).subarray(4)
}

function headerBytes(message: Message, version: number): number {
  if (message.kind === 'data') return 0
  const tagBytes = message.isFlexible(version) ? 1 : 0
  if (message.kind === 'request') return 2 + 2 + 4 + 2 + 1 + tagBytes
  return 4 + (message.name === 'ApiVersionsResponse' ? 0 : tagBytes)
}

function isDecoded(message: Message, version: number, bytes: Buffer, what: () => string): boolean {
  let value: object
  try {
    value = decode(message, version, bytes)
  } catch (error) {
    if (error instanceof ProtocolViolation) return false
    throw new Error(what(), { cause: error })
  }
  const heap = heapBytes(value)
  if (heap > HEAP_FACTOR_MAX * bytes.length + HEAP_BASE_BYTES) {
    throw new Error(`${heap} bytes of heap from ${bytes.length}: ${what()}`)
  }
  return true
}

/** As the broker and the client do: a request's header says what its body is. */
function decode(message: Message, version: number, bytes: Buffer): object {
  const reader = new WireReader(bytes)
  if (message.kind === 'data') return message.decode(reader, version)
  if (message.kind === 'response') {
    decodeResponseHeader(reader, message.key, version)
    return message.decode(reader, version)
  }
  const { apiKey, apiVersion } = decodeRequestHeader(reader)
  return messages.get(apiKey)!.request.decode(reader, apiVersion)
}

function quickestMs(message: Message, version: number, bytes: Buffer): number {
  let quickest = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3; i++) {
    const began = process.threadCpuUsage()
    isDecoded(message, version, bytes, () => 'again')
    const { user, system } = process.threadCpuUsage(began)
    quickest = Math.min(quickest, (user + system) / 1000)
  }
  return quickest
}

function hex(bytes: Buffer): string {
  return bytes.subarray(0, 4_096).toString('hex')
}
