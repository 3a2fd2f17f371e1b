/** Good batches with a few bytes changed and the checksum made right: the same for a seed. */
import { SeededRandom } from '../../../host/sim/random.ts'
import { type Codec, compressNow } from '../../../protocol/records/compression.ts'
import { rawBatch, rawRecords, sealed } from './record-bytes.ts'
import type { RecordCase, TopicKind } from './record-cases.ts'

/** Bytes of the header that are changed: not those of length, checksum and producer. */
const HEADER_BYTES = [
  ...[0, 7, 12, 15, 16, 21, 22, 23, 24, 25, 26, 27, 28, 34, 35, 36, 42],
  ...[57, 58, 59, 60],
]
const KINDS: readonly TopicKind[] = ['plain', 'compacted', 'window']

/** `count` mutants of a seed. */
export function recordMutants(seed: string, count: number, nowMs: number): RecordCase[] {
  const random = new SeededRandom(seed)
  const below = (bound: number) => random.below(bound)
  return Array.from({ length: count }, (_, i) => {
    const codec = below(5) as Codec
    const records = Buffer.from(rawRecords(content(below)))
    const recordCount = 3
    if (below(3) === 0) change(records, [...records.keys()], below)
    const packed = Buffer.from(compressNow(codec, records))
    if (codec !== 0 && below(3) === 0) change(packed, [...packed.keys()], below)
    const cut = below(12) === 0 ? below(12) : 0
    const tail = Buffer.alloc(below(12) === 0 ? below(30) : 0, below(256))
    const payload = Buffer.concat([packed.subarray(0, packed.length - cut), tail])
    const bytes = rawBatch(payload, recordCount, { attributes: codec }, nowMs)
    if (below(4) === 0) change(bytes, HEADER_BYTES, below)
    const name = `mutant ${i} of seed ${seed}, codec ${codec}`
    return { name, topic: KINDS[below(KINDS.length)] as TopicKind, sends: [sealed(bytes)] }
  })
}

function content(below: (bound: number) => number) {
  const headers = [{ key: Buffer.from('h'), value: Buffer.from('v') }]
  return [0, 1, 2].map(() => ({
    ...(below(4) === 0 && { key: null }),
    ...(below(4) === 0 && { value: Buffer.alloc(below(300), 'value ') }),
    ...(below(4) === 0 && { headers }),
  }))
}

function change(bytes: Buffer, places: readonly number[], below: (bound: number) => number): void {
  for (let n = 1 + below(2); n > 0; n -= 1) {
    const at = places[below(places.length)] as number
    bytes[at] = below(2) === 0 ? below(256) : bytes[at]! ^ (1 << below(8))
  }
}
