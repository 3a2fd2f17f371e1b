/** kafkajs brings gzip only; the other codecs are plugged in, as its users do. */
import { CompressionCodecs, CompressionTypes } from 'kafkajs'
import { Codec } from '../../../protocol/records/batch.ts'
import { compressNow, expandNow } from '../../../protocol/records/compression.ts'

const EXPANDED_MAX = 64 * 1024 * 1024

export function plugCodecs(): void {
  for (const [type, codec] of [
    [CompressionTypes.Snappy, Codec.SNAPPY],
    [CompressionTypes.LZ4, Codec.LZ4],
    [CompressionTypes.ZSTD, Codec.ZSTD],
  ] as const) {
    CompressionCodecs[type] = () => ({
      compress: async (encoder: { buffer: Buffer }) => compressNow(codec, encoder.buffer),
      decompress: async (bytes: Buffer) => expandNow(codec, bytes, EXPANDED_MAX),
    })
  }
}
