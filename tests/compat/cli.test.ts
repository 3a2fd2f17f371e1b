/** Every command of the `ottla` command line, as processes, against Ottla and Apache Kafka. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { targets } from './support/cli-targets.ts'
import { type Ended, ottla, startOttla } from './support/ottla.ts'

// A cluster that cannot be had here has said so already.
describe.each(targets)('against $name', ({ name, isMissing, start }) => {
  let cluster: Awaited<ReturnType<typeof start>>
  const folder = mkdtempSync(join(tmpdir(), 'ottla-cli-'))

  beforeAll(async () => {
    if (!isMissing) cluster = await start()
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(command: string | readonly string[], input?: Buffer | string): Promise<Ended> {
    const args = typeof command === 'string' ? command.split(' ') : command
    return ottla(['-b', cluster.address, ...args], input === undefined ? {} : { input })
  }

  /** What a command that must succeed prints. */
  async function printed(command: string | readonly string[], input?: Buffer | string) {
    const { code, stdout, stderr } = await run(command, input)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.toString()
  }

  async function json(command: string) {
    const text = await printed(`${command} --json`)
    return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line)]))
  }

  async function failure(command: string | readonly string[], input?: Buffer | string) {
    const { code, stderr } = await run(command, input)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    return { code, stderr: stderr.trimEnd() }
  }

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('topics', () => {
    test('are created, listed, described and deleted', async () => {
      expect(await printed('topics create t1 --partitions 3 --config retention.ms=1234567')).toBe(
        'Created topic t1 with 3 partitions.\n',
      )
      expect(await printed('topics create t2 t3')).toBe(
        'Created topic t2 with 1 partition.\nCreated topic t3 with 1 partition.\n',
      )
      expect(await printed('topics create t1 --if-not-exists')).toBe('Topic t1 is there already.\n')
      expect(await printed('topics list')).toMatch(/^TOPIC +PARTITIONS +REPLICAS\nt1 +3 +1\nt2/)
      expect(await json('topics list')).toContainEqual({
        topic: 't1',
        partitions: 3,
        replicas: 1,
        internal: false,
      })
      const described = await printed('topics describe t1 t2')
      expect(described).toContain('Topic t1: 3 partitions, id ')
      expect(described).toContain('Settings: retention.ms=1234567')
      expect(await json('topics describe t1')).toMatchObject([
        {
          topic: 't1',
          settings: [{ name: 'retention.ms', value: '1234567' }],
          partitions: [{ partition: 0, begin: 0, end: 0 }, { partition: 1 }, { partition: 2 }],
        },
      ])
      expect(await printed('topics delete t1 t3')).toBe('Deleted topic t1.\nDeleted topic t3.\n')
      expect(await printed('topics delete t1 --if-exists')).toBe('There is no topic t1.\n')
      expect((await json('topics list')).map(({ topic }) => topic)).toEqual(['t2'])
    })

    test('that cannot be are refused with a reason', async () => {
      await printed('topics create there')
      for (const [command, reason] of [
        ['topics create there', /already exists.*TOPIC_ALREADY_EXISTS/],
        ['topics create in/valid', /INVALID_TOPIC_EXCEPTION/],
        ['topics create a -r 3', /INVALID_REPLICATION_FACTOR/],
        ['topics create a --config no.such=1', /INVALID_CONFIG/],
        ['topics describe nowhere', /^There is no topic nowhere: .*ottla topics create nowhere/],
        ['topics delete nowhere', /^There is no topic nowhere/],
      ] as const) {
        const { code, stderr } = await failure(command)
        expect({ command, code, stderr }).toEqual({
          command,
          code: 1,
          stderr: expect.stringMatching(reason),
        })
      }
    })
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('records', () => {
    test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
      'go in and come out with keys, headers and nulls, compressed with %s',
      async codec => {
        const topic = `codec-${codec}`
        const lines = [
          'a:1',
          'b:',
          ':3',
          'NULL:4',
          'e:NULL',
          'ž:kůň 🐴',
          `long:${'x'.repeat(300_000)}`,
        ]
        const options = `-K : --null-marker NULL -z ${codec} -H trace=a=1 -H empty=`
        expect(await printed(`produce ${topic} ${options}`, lines.join('\n'))).toBe(
          `Produced 7 records to ${topic}.\n`,
        )
        const records = await json(`consume ${topic}`)
        expect(records.map(({ key, value }) => [key, value])).toEqual([
          ['a', '1'],
          ['b', ''],
          ['', '3'],
          [null, '4'],
          ['e', null],
          ['ž', 'kůň 🐴'],
          ['long', 'x'.repeat(300_000)],
        ])
        expect(records[0]).toMatchObject({
          topic,
          partition: 0,
          offset: 0,
          headers: [
            { key: 'trace', value: 'a=1' },
            { key: 'empty', value: '' },
          ],
        })
      },
    )

    test('are bytes, whatever they are', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i).filter(i => i !== 10))
      const file = join(folder, 'bytes')
      writeFileSync(file, Buffer.concat([bytes, Buffer.from('\n'), bytes]))
      expect(await printed(`produce bytes --file ${file} --acks 1`)).toContain('2 records')
      const { stdout } = await run(['consume', 'bytes', '--delimiter', '\\x0a'])
      expect(stdout).toEqual(Buffer.concat([bytes, Buffer.from('\n'), bytes, Buffer.from('\n')]))
      const [first] = await json('consume bytes --count 1')
      expect(Buffer.from(first.valueBase64, 'base64')).toEqual(bytes)
    })

    test('go to the partition asked for and are read from where one asks', async () => {
      await printed('topics create places -p 2')
      await printed('produce places -p 1', 'a\nb\nc\nd\n')
      await printed('produce places -p 0 --acks 0', 'x\n')
      const format = ['--format', '%t/%p@%o=%v']
      const consumed = async (...args: string[]) =>
        (await printed(['consume', 'places', ...format, ...args])).trimEnd().split('\n')
      expect(await consumed('-p', '1', '--from', '2')).toEqual(['places/1@2=c', 'places/1@3=d'])
      expect(await consumed('-p', '1', '--from', '-1')).toEqual(['places/1@3=d'])
      expect(await consumed('-p', '1', '-n', '1')).toEqual(['places/1@0=a'])
      expect(await consumed('--from', '1h', '-p', '0')).toEqual(['places/0@0=x'])
      expect(await consumed('--from', 'end')).toEqual([''])
      expect(await consumed('--from', '2999-01-01')).toEqual([''])
      expect((await consumed()).sort()).toHaveLength(5)
      const [{ timestamp }] = await json('consume places -p 1 --from 3')
      expect(await consumed('-p', '1', '--from', `@${timestamp + 1}`)).toEqual([''])
    })

    test('that are no records are refused by line, with the count of those that are', async () => {
      await printed('topics create lines')
      const { code, stderr } = await failure('produce lines -K :', 'a:1\nb:2\nc\n')
      expect(code).toBe(1)
      expect(stderr).toMatch(/^Line 3 has no ':' .* 2 records had been written\.$/)
      expect(await json('consume lines')).toHaveLength(2)
      const large = await failure('produce lines', 'x'.repeat(2_000_000))
      expect(large.stderr).toMatch(/MESSAGE_TOO_LARGE.* 0 records had been written\.$/)
      expect((await failure('produce lines -p 9', 'x')).stderr).toMatch(/no partition 9/)
      expect((await failure('consume lines -p 9')).stderr).toMatch(/has no partition 9/)
    })

    test('are followed until a signal, which ends it well', async () => {
      await printed('topics create followed')
      const follower = startOttla([
        '-b',
        cluster.address,
        'consume',
        'followed',
        '-F',
        '--from',
        'beginning',
      ])
      await printed('produce followed', 'a\nb\n')
      await follower.until(text => text === 'a\nb\n')
      await printed('produce followed', 'c\n')
      await follower.until(text => text === 'a\nb\nc\n')
      follower.child.kill('SIGINT')
      expect(await follower.ended).toMatchObject({
        code: 0,
        stderr: 'Printed 3 records of followed.\n',
      })
    })

    test('are split at the escape given for a tab', async () => {
      await printed(['produce', 'tabs', '--key-separator', '\\t'], 'a\t1\tx\n')
      expect(await json('consume tabs')).toMatchObject([{ key: 'a', value: '1\tx' }])
    })

    test('of an open transaction are shown only on request', async () => {
      await printed('topics create transacted')
      await printed('produce transacted', 'plain\n')
      // Ottla has no transactions yet: there is nothing uncommitted to be seen.
      const open = name === 'Ottla' ? null : await openTransaction('transacted', 'open')
      expect(await printed('consume transacted')).toBe('plain\n')
      expect(await printed('consume transacted --uncommitted')).toBe(
        open === null ? 'plain\n' : 'plain\nopen\n',
      )
      await open?.()
    })

    /** Writes a value and leaves the transaction open; the function returned ends it. */
    async function openTransaction(topic: string, value: string): Promise<() => Promise<void>> {
      const kafka = new Kafka({ brokers: [cluster.address], logLevel: logLevel.NOTHING })
      const options = { transactionalId: 'cli', maxInFlightRequests: 1, idempotent: true }
      const producer = kafka.producer(options)
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      return async () => {
        await transaction.abort()
        await producer.disconnect()
      }
    }

    test('that nobody reads on end it quietly', async () => {
      const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join('')
      expect(await printed('produce many -z lz4', lines)).toBe(
        'Produced 200,000 records to many.\n',
      )
      const reader = startOttla(['-b', cluster.address, 'consume', 'many'])
      await reader.until(text => text.length > 0)
      reader.child.stdout?.destroy()
      expect(await reader.ended).toMatchObject({ code: 0, stderr: '' })
    })
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('groups', () => {
    test('go on where they were, are described and deleted', async () => {
      await printed('topics create shared -p 2')
      await printed('produce shared -p 0', 'a\nb\nc\n')
      expect(await printed('consume shared -g readers --count 2')).toBe('a\nb\n')
      const described = await printed('groups describe readers')
      expect(described).toMatch(/^Group readers: Empty, 0 members\.\nTOPIC +PARTITION +COMMITTED/)
      expect(described).toMatch(/shared +0 +2 +3 +1 +- +-/)
      expect(await printed('consume shared -g readers')).toBe('c\n')
      expect(await printed('consume shared -g readers')).toBe('')
      expect(await json('groups describe readers')).toMatchObject([
        {
          group: 'readers',
          state: 'Empty',
          members: [],
          partitions: [{ topic: 'shared', partition: 0, committed: 3, end: 3, lag: 0 }, {}],
        },
      ])
      expect(await json('groups list')).toContainEqual({
        group: 'readers',
        state: 'Empty',
        type: 'classic',
        protocolType: 'consumer',
        lag: 0,
      })
      await printed('produce shared -p 1', 'd\ne\n')
      expect(await printed('groups list')).toMatch(
        /^GROUP +STATE +TYPE +LAG\nreaders +Empty +classic +2$/m,
      )
      expect(await printed('groups delete readers')).toBe('Deleted group readers.\n')
      expect(await json('groups list')).toEqual([])
    })

    test('begin where asked when they have committed nothing', async () => {
      await printed('topics create asked')
      await printed('produce asked', 'a\nb\nc\n')
      expect(await printed('consume asked -g g1 --from 1')).toBe('b\nc\n')
      expect(await printed('consume asked -g g2 --from -1')).toBe('c\n')
      expect(await printed('consume asked -g g3 --from end')).toBe('')
      expect(await printed('consume asked -g g1 --from beginning')).toBe('')
      await printed('groups delete g1 g2 g3')
      const all = await json('topics list --internal')
      expect(all).toContainEqual(
        expect.objectContaining({ topic: '__consumer_offsets', internal: true }),
      )
    })

    test('with members are shown with them and not deleted', async () => {
      await printed('topics create busy')
      await printed('produce busy', 'a\n')
      const member = startOttla([
        '-b',
        cluster.address,
        'consume',
        'busy',
        '-g',
        'team',
        '-F',
        '--from',
        'beginning',
      ])
      await member.until(text => text === 'a\n')
      expect(await printed('groups describe team')).toMatch(
        /^Group team: Stable, 1 member, assignor/,
      )
      expect((await failure('groups delete team')).stderr).toMatch(/NON_EMPTY_GROUP.*stop its/)
      member.child.kill('SIGTERM')
      expect(await member.ended).toMatchObject({
        code: 0,
        stderr: 'Printed 1 record of busy.\n',
      })
      expect(await json('groups describe team')).toMatchObject([{ state: 'Empty', members: [] }])
      expect(await printed('groups delete team')).toBe('Deleted group team.\n')
    })

    test('that are not there are a failure', async () => {
      expect(await failure('groups describe nobody')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^There is no group nobody: /),
      })
      expect((await failure('groups delete nobody')).stderr).toMatch(/GROUP_ID_NOT_FOUND/)
    })
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  test.skipIf(isMissing)('health is a line, or an object', async () => {
    expect(await printed('health')).toMatch(
      /^Healthy: 1 broker, controller 1, \d+ topics?, 0 offline/,
    )
    expect(await json('health')).toMatchObject([
      { healthy: true, controllerId: 1, offlinePartitions: [], brokers: [{ nodeId: 1 }] },
    ])
  })
})

describe('without a cluster', () => {
  test('every command says in one sentence what to do', async () => {
    for (const command of ['health', 'topics list', 'groups list', 'consume a', 'produce a']) {
      const { code, stdout, stderr } = await ottla(['-b', '127.0.0.1:1', ...command.split(' ')])
      expect(code).toBe(1)
      expect(stdout.toString()).toBe('')
      expect(stderr).toMatch(/^Lost 127\.0\.0\.1:1: .*ECONNREFUSED.*--bootstrap-server\.\n$/)
    }
  })

  test('a file to produce that cannot be read is told before anybody is asked', async () => {
    for (const [path, told] of [
      ['/none/such', 'Could not open /none/such (ENOENT): it is not there; check the path.'],
      ['/', '/ is a folder: name a file.'],
    ] as const) {
      const { code, stderr } = await ottla(['produce', 'a', '-b', '127.0.0.1:1', '-f', path])
      expect({ code, stderr }).toEqual({ code: 1, stderr: `${told}\n` })
    }
  })

  test('the address may come from the environment', async () => {
    const env = { OTTLA_BOOTSTRAP_SERVER: '127.0.0.1:2' }
    expect((await ottla(['health'], { env })).stderr).toContain('127.0.0.1:2')
  })

  test('what is typed wrongly is told, with exit code 2', async () => {
    for (const [typed, told] of [
      [['consumee'], /^Unknown command 'consumee' \(Did you mean consume\?\)/],
      [['consume'], /^Missing required argument 'topic'/],
      [
        ['consume', 'a', '--from', 'x'],
        /^Option '--from <where>' argument 'x' is invalid: expected/,
      ],
      [['consume', 'a', '--format', '%q'], /^%q is no part of a record/],
      [['consume', 'a', '-g', 'g', '-p', '0'], /^--partition goes without --group/],
      [['produce', 'a', '--acks', '2'], /--acks.* Allowed choices are all, 1, 0/],
      [['produce', 'a', '-b', 'x:y'], /'x:y' is no address/],
      [['topics', 'create', 'a', '-p', '0'], /expected a whole number, 1 or more/],
      [['health', 'a'], /too many arguments/i],
    ] as const) {
      const { code, stderr } = await ottla(typed)
      expect({ typed, code, stderr }).toEqual({
        typed,
        code: 2,
        stderr: expect.stringMatching(told),
      })
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    }
  })

  test('without a command it prints its commands, and help and version on demand', async () => {
    const bare = await ottla([])
    expect(bare.code).toBe(2)
    expect(bare.stderr).toContain('Usage: ottla')
    const help = await ottla(['consume', '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout.toString()).toContain('--format')
    expect((await ottla(['--version'])).stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
