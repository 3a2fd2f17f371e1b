import { randomInt } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Message } from '../../protocol/schema.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { loadDeclarations } from '../support/declarations.ts'
import { fuzzMessages, fuzzTruncations, HEAP_FACTOR_MAX } from '../support/fuzz.ts'
import { uvarintBytes } from '../support/mutations.ts'

/** Set OTTLA_FUZZ_SEED to repeat a run. */
const SEED = Number(process.env['OTTLA_FUZZ_SEED'] ?? randomInt(2 ** 31))
const ROUNDS = 8
const MUTANTS_A_ROUND = 150_000

const declared = await loadDeclarations()

describe(`fuzzing the message codecs (OTTLA_FUZZ_SEED=${SEED})`, () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round
    it(`${MUTANTS_A_ROUND} mutants of seed ${seed} are decoded or refused`, () => {
      const report = fuzzMessages(declared.values(), { seed, mutants: MUTANTS_A_ROUND })
      expect(report.slowestMs).toBeLessThan(50)
      expect(report.decoded + report.refused).toBe(MUTANTS_A_ROUND)
    })
  }

  it('a message cut at any byte is refused, or is a shorter message', () => {
    expect(fuzzTruncations(declared.values(), SEED)).toBeGreaterThan(50_000)
  })

  it('a frame of 8 MiB of empty elements takes at most 64 times its size', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const bytes = emptyTopics(2_000_000)
    const request: Message = declared.get('MetadataRequest')!
    request.decode(new WireReader(emptyTopics(2)), 9)
    collect()
    const before = process.memoryUsage().heapUsed
    const value = request.decode(new WireReader(bytes), 9) as { topics: unknown[] }
    const grown = process.memoryUsage().heapUsed - before
    expect(value.topics.length).toBe(2_000_000)
    expect(grown).toBeLessThan(HEAP_FACTOR_MAX * bytes.length)
  })
})

/** The body of a Metadata v9 request that names so many topics, all of them ''. */
function emptyTopics(count: number): Buffer {
  const name = 1
  const tags = 0
  const topics = Buffer.alloc(2 * count)
  for (let i = 0; i < count; i++) {
    topics[2 * i] = name
    topics[2 * i + 1] = tags
  }
  return Buffer.concat([uvarintBytes(count + 1), topics, Buffer.from([1, 0, 0, tags])])
}
