/** The commands that change a cluster, as processes, against Ottla and Apache Kafka. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { targets } from './support/cli-targets.ts'
import { type Ended, ottla, startOttla } from './support/ottla.ts'

// A cluster that cannot be had here has said so already.
describe.each(targets)('against $name', ({ isMissing, start }) => {
  let cluster: Awaited<ReturnType<typeof start>>

  beforeAll(async () => {
    if (!isMissing) cluster = await start()
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  async function run(command: string, input?: string): Promise<Ended> {
    const args = ['-b', cluster.address, ...command.split(' ')]
    return ottla(args, input === undefined ? {} : { input })
  }

  /** What a command that must succeed prints. */
  async function printed(command: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await run(command, input)
    expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
    return stdout.toString()
  }

  async function json(command: string) {
    const { code, stdout } = await run(`${command} --json`)
    expect({ command, code }).toEqual({ command, code: 0 })
    return stdout
      .toString()
      .split('\n')
      .flatMap(line => (line === '' ? [] : [JSON.parse(line)]))
  }

  /** What a command that must fail says, line by line. */
  async function failure(command: string, exitCode = 1): Promise<string[]> {
    const { code, stderr } = await run(command)
    expect({ command, code, stderr }).toMatchObject({ command, code: exitCode })
    return stderr.trimEnd().split('\n')
  }

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('topics', () => {
    test('are altered: more partitions, settings set and back at their defaults', async () => {
      await printed('topics create grown other')
      const changes = '-p 3 --config retention.ms=1234567 --config segment.bytes=2097152'
      expect(await printed(`topics alter grown other ${changes}`)).toBe(
        'Altered topic grown.\nAltered topic other.\n',
      )
      await printed('topics alter grown --delete-config segment.bytes')
      expect(await json('topics describe grown')).toMatchObject([
        {
          settings: [{ name: 'retention.ms', value: '1234567' }],
          partitions: [{ partition: 0 }, { partition: 1 }, { partition: 2 }],
        },
      ])
    })

    test('are not altered to what cannot be', async () => {
      await printed('topics create small -p 2')
      expect(await failure('topics alter small -p 1')).toEqual([
        expect.stringMatching(/INVALID_PARTITIONS/),
      ])
      expect(await failure('topics alter small --config retention.ms=x')).toEqual([
        expect.stringMatching(/INVALID_CONFIG/),
      ])
      expect(await failure('topics alter small', 2)).toEqual([
        'There is nothing to alter: give --partitions, --config or --delete-config.',
      ])
      for (const flag of ['--config retenton.ms=1', '--delete-config retenton.ms']) {
        expect(await failure(`topics alter small ${flag}`, 2)).toEqual([
          'A topic has no setting retenton.ms; did you mean retention.ms?',
        ])
      }
      expect(await failure('topics create no -p 1 --config cleanup.polcy=compact', 2)).toEqual([
        'A topic has no setting cleanup.polcy; did you mean cleanup.policy?',
      ])
    })

    test('go on after one that fails, and the failures are summed up', async () => {
      await printed('topics create d1 d2')
      const { code, stdout, stderr } = await run('topics delete d1 nowhere d2 neither')
      expect({ code, stdout: stdout.toString() }).toEqual({
        code: 1,
        stdout: 'Deleted topic d1.\nDeleted topic d2.\n',
      })
      expect(stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^There is no topic nowhere: /),
        expect.stringMatching(/^There is no topic neither: /),
        '2 of 4 topics were not deleted.',
      ])
      const again = await run('topics create d1 d1 d2 --json')
      expect(again.code).toBe(1)
      const lines = again.stdout.toString().trimEnd().split('\n')
      expect(lines.map(line => JSON.parse(line))).toMatchObject([
        { topic: 'd1', created: true },
        { topic: 'd1', created: false, error: expect.stringMatching(/TOPIC_ALREADY_EXISTS/) },
        { topic: 'd2', created: true },
      ])
      expect(again.stderr).toMatch(/\n1 of 3 topics was not created\.\n$/)
    })
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('groups', () => {
    /** What the group has committed in each partition. */
    async function committed(group: string): Promise<number[]> {
      const [{ partitions }] = await json(`groups describe ${group}`)
      return partitions.map((one: { committed: number }) => one.committed)
    }

    test('are reset to every kind of place, and only with --execute', async () => {
      await printed('topics create moved -p 2')
      await printed('produce moved -p 0', 'a\nb\nc\nd\n')
      await printed('produce moved -p 1', 'e\nf\n')
      await run('consume moved -g movers')
      const dry = await run('groups reset movers --to earliest')
      expect({ code: dry.code, stderr: dry.stderr }).toEqual({
        code: 0,
        stderr: 'A dry run: nothing was changed; --execute does it.\n',
      })
      expect(dry.stdout.toString()).toMatch(
        /^TOPIC +PARTITION +COMMITTED +NEW +LAG\nmoved +0 +4 +0 +4\nmoved +1 +2 +0 +2\n$/,
      )
      expect(await committed('movers')).toEqual([4, 2])

      expect(await printed('groups reset movers --to earliest --execute')).toMatch(
        /\nReset group movers in 2 partitions\.\n$/,
      )
      expect(await committed('movers')).toEqual([0, 0])
      for (const [where, stands] of [
        ['--to latest', [4, 2]],
        ['--to 3', [3, 2]],
        ['--shift -2', [1, 0]],
        ['--shift 2', [3, 2]],
        ['--to -1', [3, 1]],
        ['--to 1h', [0, 0]],
        ['--to 2999-01-01', [4, 2]],
        ['--to @1', [0, 0]],
        ['--to end -t moved -p 1', [0, 2]],
        ['--to beginning --topic moved', [0, 0]],
      ] as const) {
        await printed(`groups reset movers ${where} --execute`)
        expect({ where, stands: await committed('movers') }).toEqual({ where, stands })
      }
      expect(await json('groups reset movers --to latest')).toEqual([
        expect.objectContaining({ partition: 0, committed: 0, new: 4, lag: 0, executed: false }),
        expect.objectContaining({ partition: 1, committed: 0, new: 2, lag: 0, executed: false }),
      ])
    })

    test('are made by a reset that names a topic', async () => {
      await printed('topics create fresh')
      await printed('produce fresh', 'a\nb\n')
      await printed('groups reset newcomers --to 1 -t fresh --execute')
      expect(await printed('consume fresh -g newcomers')).toBe('b\n')
    })

    test('are not reset while they have members, nor to what is not there', async () => {
      await printed('topics create busy')
      await printed('produce busy', 'a\n')
      const args = ['-b', cluster.address, 'consume', 'busy', '-g', 'team', '-F', '--from', '0']
      const member = startOttla(args)
      await member.until(text => text === 'a\n')
      expect(await failure('groups reset team --to earliest --execute')).toEqual([
        expect.stringMatching(/^Group team has 1 member \(Stable\): stop its consumers first\.$/),
      ])
      member.child.kill('SIGINT')
      await member.ended
      expect(await failure('groups reset nobody --to earliest')).toEqual([
        expect.stringMatching(/^There is no group nobody: /),
      ])
      expect(await failure('groups reset team --to 0 -t busy -p 7')).toEqual([
        'Topic busy has no partition 7: it has 1.',
      ])
      expect(await failure('groups reset team --to 0 -p 0', 2)).toEqual([
        '--partition goes with exactly one --topic.',
      ])
      for (const where of ['', ' --to 0 --shift 1']) {
        expect(await failure(`groups reset team${where}`, 2)).toEqual([
          'Say where to: either --to WHERE or --shift N.',
        ])
      }
    })

    test('are deleted one after another, those that are not there told', async () => {
      const told = await failure('groups delete movers nobody')
      expect(told).toEqual([
        expect.stringMatching(/GROUP_ID_NOT_FOUND/),
        '1 of 2 groups was not deleted.',
      ])
      expect((await json('groups list')).map(({ group }) => group)).not.toContain('movers')
    })
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  test.skipIf(isMissing)('records are deleted up to a place, and only with --execute', async () => {
    await printed('topics create cut -p 2')
    await printed('produce cut -p 0', 'a\nb\nc\n')
    await printed('produce cut -p 1', 'd\n')
    const dry = await run('records delete cut --before 2')
    expect(dry).toMatchObject({
      code: 0,
      stderr: 'A dry run: nothing was deleted; --execute does it.\n',
    })
    expect(dry.stdout.toString()).toMatch(/\n +0 +0 +3 +2 +2\n +1 +0 +1 +1 +1\n$/)
    expect(await printed('consume cut -p 0')).toBe('a\nb\nc\n')
    expect(await printed('records delete cut --before 2 -p 0 --execute')).toMatch(
      /\nDeleted 2 offsets of cut\.\n$/,
    )
    expect(await printed('consume cut -p 0,1 --format %p%v')).toMatch(/^(0c\n1d|1d\n0c)\n$/)
    expect(await json('records delete cut --before end --execute')).toEqual([
      { topic: 'cut', partition: 0, begin: 2, end: 3, newBegin: 3, offsets: 1, deleted: true },
      { topic: 'cut', partition: 1, begin: 0, end: 1, newBegin: 1, offsets: 1, deleted: true },
    ])
    expect(await printed('consume cut')).toBe('')
    expect(await failure('records delete cut --before 1 -p 5')).toEqual([
      'Topic cut has no partition 5: it has 2, from 0 on.',
    ])
    expect(await failure('records delete nowhere --before 1')).toEqual([
      expect.stringMatching(/^There is no topic nowhere: /),
    ])
    expect(await failure('records delete cut', 2)).toEqual([
      expect.stringMatching(/required option '--before <where>' not specified/i),
    ])
  })

  // Skipped where the cluster is not to be had; whoever looked for it has said why.
  describe.skipIf(isMissing)('configs', () => {
    test('of a topic are set, shown and deleted', async () => {
      await printed('topics create tuned')
      expect(await printed('configs set topic tuned retention.ms=5000 segment.bytes=2097152')).toBe(
        'Set retention.ms=5000 for topic tuned.\nSet segment.bytes=2097152 for topic tuned.\n',
      )
      expect(await printed('configs describe topic tuned')).toMatch(
        /^SETTING +VALUE +SOURCE\n(.*\n)*retention\.ms +5000 +topic\n/,
      )
      expect(await printed('configs delete topic tuned retention.ms')).toBe(
        'Deleted retention.ms of topic tuned.\n',
      )
      const all = await json('configs describe topic tuned --all')
      expect(all).toContainEqual({
        setting: 'retention.ms',
        value: '604800000',
        source: 'default',
        readOnly: false,
        sensitive: false,
      })
    })

    test('of one broker and of all are set, shown and deleted', async () => {
      for (const [name, source] of [
        ['1', 'dynamic-broker'],
        ['default', 'dynamic-default'],
      ]) {
        await printed(`configs set broker ${name} log.retention.ms=7200000`)
        expect(await printed(`configs describe broker ${name}`)).toMatch(
          new RegExp(`^log\\.retention\\.ms +7200000 +${source}$`, 'm'),
        )
        await printed(`configs delete broker ${name} log.retention.ms`)
        const rows = await json(`configs describe broker ${name}`)
        const left = { setting: 'log.retention.ms', source }
        expect(rows).not.toContainEqual(expect.objectContaining(left))
      }
    })

    test('of what is not there, or misspelt, are refused', async () => {
      expect(await failure('configs describe topic nowhere')).toEqual([
        expect.stringMatching(/^There is no topic nowhere: /),
      ])
      expect(await failure('configs set broker 9 log.retention.ms=1')).toEqual([
        'There is no broker 9: those that are up have ids 1.',
      ])
      expect(await failure('configs set broker one log.retention.ms=1', 2)).toEqual([
        "A broker is named by its id, or by 'default' for all brokers.",
      ])
      expect(await failure('configs delete broker default log.retenton.ms', 2)).toEqual([
        'A broker has no setting log.retenton.ms; did you mean log.retention.ms?',
      ])
      expect(await failure('configs describe topc tuned', 2)).toEqual([
        expect.stringMatching(/Allowed choices are topic, broker, group/),
      ])
    })

    test('of a group are set and shown', async () => {
      await printed('configs set group sharers consumer.session.timeout.ms=50000')
      expect(await printed('configs describe group sharers')).toMatch(
        /^consumer\.session\.timeout\.ms +50000 +group$/m,
      )
    })
  })
})
