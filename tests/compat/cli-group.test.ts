/**
 * The Debian package index, keyed by package, read by three `ottla consume` processes of one group
 * while one of them is killed: at least once, nothing lost.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { targets } from './support/cli-targets.ts'
import { ottla, type RunningCommand, startOttla } from './support/ottla.ts'

interface DescribedGroup {
  readonly state: string
  readonly members: readonly object[]
  readonly partitions: readonly { readonly lag: number }[]
}

const PARTITIONS = 6
const SENT_AT_ONCE = 2_000

const index = execFileSync('sh', ['-c', 'apt-cache dumpavail 2>/dev/null || true'], {
  maxBuffer: 1 << 28,
}).toString()
const stanzas = index.split('\n\n').filter(stanza => stanza.trim() !== '')
const isEmpty = stanzas.length === 0
if (isEmpty) console.warn('SKIPPED: apt-cache dumpavail prints nothing here; run apt-get update')

describe.each(targets)('against $name', ({ isMissing, start }) => {
  let cluster: Awaited<ReturnType<typeof start>>

  beforeAll(async () => {
    // Long enough for all three to join at once, however slowly they start.
    if (!isMissing) cluster = await start({ 'group.initial.rebalance.delay.ms': '3000' })
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  async function describedGroup(groupId: string): Promise<DescribedGroup> {
    const command = ['-b', cluster.address, 'groups', 'describe', groupId, '--json']
    const { code, stdout } = await ottla(command)
    return code === 0
      ? JSON.parse(stdout.toString())
      : { state: 'Dead', members: [], partitions: [] }
  }

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  test.skipIf(isMissing)(
    'a member that is stopped while it joins leaves nothing behind',
    async () => {
      await ottla(['-b', cluster.address, 'topics', 'create', 'empty'])
      const member = startOttla(['-b', cluster.address, 'consume', 'empty', '-g', 'early', '-F'])
      let joining = await describedGroup('early')
      while (joining.members.length === 0) joining = await describedGroup('early')
      expect(joining.state).toBe('PreparingRebalance')
      member.child.kill('SIGINT')
      expect(await member.ended).toMatchObject({
        code: 0,
        stderr: 'Printed 0 records of empty.\n',
      })
      expect((await describedGroup('early')).members).toEqual([])
    },
  )

  // Skipped without a package index or a cluster, which has been said.
  test.skipIf(isMissing || isEmpty)('nothing is lost when a member is killed', async () => {
    await fill(cluster.address)
    const consume = ['-b', cluster.address, 'consume', 'debian', '--group', 'readers', '--json']
    const members = [1, 2, 3].map(() => startOttla(consume))
    const [victim, ...survivors] = members as [RunningCommand, ...RunningCommand[]]
    await victim.until(printed => printed.length > 100_000)
    victim.child.kill('SIGKILL')
    for (const { ended } of survivors) {
      expect(await ended).toMatchObject({ code: 0, stderr: '' })
    }

    const read = members.flatMap(member => recordsOf(member.stdout().toString()))
    const wanted = stanzas.map(stanza => digest(keyOf(stanza), stanza))
    expect(new Set(read)).toEqual(new Set(wanted))
    // Each survivor had its share, and only what the victim had not committed was read twice.
    for (const { stdout } of survivors) expect(stdout().length).toBeGreaterThan(0)
    expect(read.length).toBeLessThan(2 * wanted.length)

    const { state, partitions } = await describedGroup('readers')
    expect(state).toBe('Empty')
    expect(partitions.map(({ lag }) => lag)).toEqual(Array(PARTITIONS).fill(0))
  })
})

async function fill(address: string): Promise<void> {
  const made = await ottla(['-b', address, 'topics', 'create', 'debian', '-p', String(PARTITIONS)])
  expect(made.code).toBe(0)
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  await producer.connect()
  for (let at = 0; at < stanzas.length; at += SENT_AT_ONCE) {
    const messages = stanzas
      .slice(at, at + SENT_AT_ONCE)
      .map(stanza => ({ key: keyOf(stanza), value: stanza }))
    await producer.send({ topic: 'debian', compression: CompressionTypes.GZIP, messages })
  }
  await producer.disconnect()
}

function keyOf(stanza: string): string {
  return /^Package: (.*)$/m.exec(stanza)?.[1] ?? ''
}

function digest(key: string, value: string): string {
  return createHash('sha1').update(`${key}\n${value}`).digest('base64')
}

/** Digests of the whole lines: a killed process may have left a part of one. */
function recordsOf(printed: string): string[] {
  const lines = printed.slice(0, printed.lastIndexOf('\n') + 1).split('\n')
  return lines.flatMap(line => {
    if (line === '') return []
    const { key, value } = JSON.parse(line)
    return [digest(key, value)]
  })
}
