/**
 * 64-bit integers in buffers as numbers: two 32-bit accesses, no BigInt. Exact to 2^53; client-made
 * timestamps beyond that round to the nearest double.
 */
const TWO_POW_32 = 4294967296

export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * TWO_POW_32 + buffer.readUInt32BE(at + 4)
}

export function writeInt64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / TWO_POW_32)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(value - high * TWO_POW_32, at + 4)
}
