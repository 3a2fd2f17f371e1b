import fc from 'fast-check'

/** Bytes up to a size, in a Buffer. */
export function buffers(sizeMax = 256): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength: sizeMax }).map(bytes => Buffer.from(bytes))
}

/** Bytes that compress well: runs and repeats, as records have. */
export function repetitiveBuffers(sizeMax = 4_096): fc.Arbitrary<Buffer> {
  const run = fc.tuple(buffers(16), fc.integer({ min: 1, max: 64 }))
  const whole = fc.array(run, { maxLength: 32 })
  return whole.map(runs => {
    const parts = runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))
    return Buffer.concat(parts).subarray(0, sizeMax)
  })
}

/** Integers that fit this many bits, signed, with the edges drawn often. */
export function signedIntegers(bits: 8 | 16 | 32): fc.Arbitrary<number> {
  const most = 2 ** (bits - 1) - 1
  const edges = fc.constantFrom(-most - 1, -1, 0, 1, most)
  return fc.oneof(edges, fc.integer({ min: -most - 1, max: most }))
}

/** Integers a double holds exactly: offsets and the like, edges drawn often. */
export function safeIntegers(): fc.Arbitrary<number> {
  const edges = fc.constantFrom(0, -1, 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)
  return fc.oneof(edges, fc.maxSafeInteger())
}

/** Names as clients send them: also empty, non-ASCII, and those that are properties of objects. */
export function clientNames(): fc.Arbitrary<string> {
  const traps = fc.constantFrom('', '__proto__', 'constructor', 'toString', 'ä', '名前', 'a.b-c_d')
  return fc.oneof(traps, fc.string({ maxLength: 40 }))
}

/** Cuts bytes at arbitrary places; joined again they are the whole. */
export function cutsOf(bytes: Buffer): fc.Arbitrary<Buffer[]> {
  const places = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 })
  return places.map(cuts => {
    const ends = [...cuts, bytes.length].sort((a, b) => a - b)
    let start = 0
    return ends.map(end => {
      const part = bytes.subarray(start, end)
      start = end
      return part
    })
  })
}
