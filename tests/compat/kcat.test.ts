/** kcat 1.7.1 (librdkafka) against a spawned broker: codecs, idempotence, groups, real input. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missing, run } from './support/programs.ts'
import { samples } from './support/sample.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const RECORD_END = '\x1e'
const KEY_END = '\x1f'
const FIVE_MINUTES_MS = 300_000

describe.skipIf(missing('kcat', 'apt-get install kcat'))('kcat', () => {
  let broker: SpawnedBroker

  beforeAll(async () => {
    broker = await spawnBroker()
  })
  afterAll(() => broker[Symbol.asyncDispose]())

  function produce(topic: string, input: string | Buffer, ...options: string[]) {
    // librdkafka's own limit is 1,000,000 bytes, the key counted.
    const limit = ['-X', 'message.max.bytes=2000000']
    const delimiters = [...limit, '-D', RECORD_END, '-K', KEY_END, '-Z']
    return run('kcat', ['-b', broker.address, '-P', '-t', topic, ...delimiters, ...options], input)
  }

  /** Everything in a topic, or for a group (-G) everything it has not committed. */
  function consume(topic: string, ...group: string[]) {
    const format = ['-q', '-e', '-f', `%k${KEY_END}%s${RECORD_END}`]
    const from = group.length > 0 ? [...group, topic] : ['-C', '-t', topic, '-o', 'beginning']
    return run('kcat', ['-b', broker.address, ...format, ...from])
  }

  test.each(CODECS)('records sent with %s come back as they were', async codec => {
    const topic = `kcat-${codec}`
    const lines = samples(false).map(({ key, value }) => `${key ?? ''}${KEY_END}${value ?? ''}`)
    const input = lines.map(line => line + RECORD_END).join('')
    const idempotence = codec === 'lz4' || codec === 'none' ? ['-X', 'enable.idempotence=true'] : []
    await produce(topic, input, '-p', '0', '-z', codec, '-H', 'trace=a1', ...idempotence)
    const { stdout } = await consume(topic)
    expect(stdout.toString()).toBe(input)
    const headers = await run('kcat', [
      ...['-b', broker.address, '-q', '-e', '-C', '-t', topic, '-o', 'beginning', '-c', '3'],
      ...['-f', '%h %S\\n'],
    ])
    // The third record is a tombstone: kcat prints the size of a null value as -1.
    expect(headers.stdout.toString()).toBe('trace=a1 1\ntrace=a1 6\ntrace=a1 -1\n')
  })

  test('a group reads from where it committed', async () => {
    await produce('kcat-group', `a${KEY_END}1${RECORD_END}b${KEY_END}2${RECORD_END}`, '-p', '0')
    const group = ['-G', 'kcat-readers', '-X', 'auto.offset.reset=earliest']
    expect((await consume('kcat-group', ...group)).stdout.toString()).toBe(
      `a${KEY_END}1${RECORD_END}b${KEY_END}2${RECORD_END}`,
    )
    await produce('kcat-group', `c${KEY_END}3${RECORD_END}`, '-p', '0')
    expect((await consume('kcat-group', ...group)).stdout.toString()).toBe(
      `c${KEY_END}3${RECORD_END}`,
    )
  })

  test('every stanza of the Debian package index survives a kill -9 half way, byte for byte', {
    timeout: FIVE_MINUTES_MS,
  }, async context => {
    const stanzas = packageIndex()
    if (stanzas.length === 0) {
      console.warn('SKIPPED: apt-cache dumpavail prints nothing here; run apt-get update')
      context.skip()
    }
    const half = stanzas.length >> 1
    const share = Math.ceil(half / CODECS.length)
    for (const part of [stanzas.slice(0, half), stanzas.slice(half)]) {
      for (const [i, codec] of CODECS.entries()) {
        const input = part.slice(i * share, i === 4 ? undefined : (i + 1) * share).join('')
        await produce('packages', input, '-p', '0', '-z', codec)
      }
      if (part[0] === stanzas[0]) await broker.killAndRestart()
    }
    const { stdout } = await consume('packages')
    console.log(`${stanzas.length} stanzas, ${stdout.length} bytes read back`)
    expect(stdout.equals(Buffer.from(stanzas.join('')))).toBe(true)
  })
})

/** One record a package: its name as the key, its whole stanza as the value. */
function packageIndex(): string[] {
  const index = execFileSync('sh', ['-c', 'apt-cache dumpavail 2>/dev/null || true'], {
    maxBuffer: 1 << 30,
  }).toString()
  return index
    .split(/\n\n/)
    .filter(stanza => stanza.startsWith('Package: '))
    .map(stanza => `${/^Package: (.*)$/m.exec(stanza)?.[1]}${KEY_END}${stanza}${RECORD_END}`)
}
