/** Reads tests/vectors/wire.jsonl: frames between real clients and Apache Kafka 4.3.0. */
import { readFileSync } from 'node:fs'

const FILE = new URL('../vectors/wire.jsonl', import.meta.url)

export interface RecordedFrame {
  readonly client: string
  readonly key: number
  readonly version: number
  readonly kind: 'request' | 'response'
  /** Header and body, without the length. */
  readonly bytes: Buffer
}

export function readRecordedFrames(): readonly RecordedFrame[] {
  return readFileSync(FILE, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => {
      const { client, key, version, kind, hex } = JSON.parse(line)
      return { client, key, version, kind, bytes: Buffer.from(hex, 'hex') }
    })
}
