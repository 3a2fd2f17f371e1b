/** One lie at a time about a valid message: what a hostile or broken peer would send. */
import type { Site } from './wire-sites.ts'

/** Numbers that repeat with their seed. */
export interface Random {
  /** From 0 to `below`, exclusive. */
  below(below: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** Mulberry32: 32 bits of state, good enough to choose what to break. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: items => items[below(items.length)]! }
}

export interface Sample {
  readonly bytes: Buffer
  readonly sites: readonly Site[]
}

type Mutation = (sample: Sample, random: Random, other: Buffer) => Buffer

/** By name, so that a failure can say what was done. */
export const mutations: Readonly<Record<string, Mutation>> = {
  lengthLie,
  overlongVarint,
  tagFlood,
  duplicateTag,
  invalidText,
  nullMarker,
  bitFlips,
  truncate,
  glue,
  splice,
  insert,
}

function lengthLie(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['int16', 'int32', 'uvarint', 'tag-count'])
  if (site === null) return bitFlips(sample, random)
  const left = sample.bytes.length - site.at - site.sizeBytes
  const lies = [-2, -1, 0, 1, left - 1, left, left + 1, site.value + 1, 0x7fff, 0x7fff_fffe]
  const lie = random.pick(lies)
  return replaced(sample.bytes, site, encodeLength(site, lie))
}

function encodeLength(site: Site, value: number): Buffer {
  if (site.kind === 'int16') return int16Bytes(value)
  if (site.kind === 'int32') return int32Bytes(value)
  return uvarintBytes((value + (site.kind === 'uvarint' ? 1 : 0)) >>> 0)
}

function overlongVarint(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['uvarint', 'tag-count', 'tag'])
  if (site === null) return bitFlips(sample, random)
  const old = sample.bytes.subarray(site.at, site.at + site.sizeBytes)
  const padded = Buffer.concat([old, Buffer.alloc(1 + random.below(10), 0x80), Buffer.from([0])])
  padded[old.length - 1] = padded[old.length - 1]! | 0x80
  return replaced(sample.bytes, site, random.below(2) === 0 ? padded : Buffer.alloc(10, 0xff))
}

function tagFlood(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['tag-count'])
  if (site === null) return bitFlips(sample, random)
  const count = 1 + random.below(random.pick([2, 50, 1_000]))
  const tags = Array.from({ length: count }, (_, i) =>
    Buffer.concat([uvarintBytes(1_000 + i), uvarintBytes(random.pick([0, 1])), Buffer.from([7])]),
  )
  // Sizes of 0 leave their byte to be read as the next tag: some floods are valid, most are not.
  return replaced(sample.bytes, site, Buffer.concat([uvarintBytes(count), ...tags]))
}

function duplicateTag(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['tag-count'])
  if (site === null) return bitFlips(sample, random)
  const tag = random.pick([0, 1, 2, 99])
  const twice = Buffer.from([2, tag, 0, tag, 0])
  return replaced(sample.bytes, site, twice)
}

function invalidText(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['text'])
  if (site === null) return bitFlips(sample, random)
  const bad = random.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80], [0xe2, 0x82]])
  const bytes = Buffer.from(sample.bytes)
  const at = site.at + random.below(site.sizeBytes)
  Buffer.from(bad.slice(0, site.at + site.sizeBytes - at)).copy(bytes, at)
  return bytes
}

function nullMarker(sample: Sample, random: Random): Buffer {
  const site = pickSite(sample, random, ['null-marker'])
  if (site === null) return bitFlips(sample, random)
  return replaced(sample.bytes, site, Buffer.from([random.pick([-128, -1, 0, 1, 127])]))
}

function bitFlips({ bytes }: Sample, random: Random): Buffer {
  const flipped = Buffer.from(bytes)
  for (let left = 1 + random.below(4); left > 0 && bytes.length > 0; left--) {
    const at = random.below(bytes.length)
    flipped[at] = flipped[at]! ^ (1 << random.below(8))
  }
  return flipped
}

function truncate({ bytes }: Sample, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1))
}

function glue({ bytes }: Sample, _random: Random, other: Buffer): Buffer {
  return Buffer.concat([bytes, other])
}

function splice({ bytes }: Sample, random: Random, other: Buffer): Buffer {
  const cut = random.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, cut), other.subarray(random.below(other.length + 1))])
}

function insert({ bytes }: Sample, random: Random): Buffer {
  const cut = random.below(bytes.length + 1)
  const filler = Buffer.alloc(1 + random.below(64), random.pick([0x00, 0x01, 0x02, 0x80, 0xff]))
  return Buffer.concat([bytes.subarray(0, cut), filler, bytes.subarray(cut)])
}

function pickSite(sample: Sample, random: Random, kinds: readonly Site['kind'][]): Site | null {
  const fitting = sample.sites.filter(site => kinds.includes(site.kind))
  return fitting.length === 0 ? null : random.pick(fitting)
}

function replaced(bytes: Buffer, { at, sizeBytes }: Site, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + sizeBytes)])
}

function int16Bytes(value: number): Buffer {
  return Buffer.from([(value >> 8) & 0xff, value & 0xff])
}

function int32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

/** An unsigned 32-bit integer in base 128. */
export function uvarintBytes(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
