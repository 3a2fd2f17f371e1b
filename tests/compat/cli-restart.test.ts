/** `ottla produce` and `ottla consume --follow` while their broker stops and starts again. */
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { ottla, type RunningCommand, startOttla } from './support/ottla.ts'
import { type SpawnedBroker, spawnBroker } from './support/spawned-broker.ts'

const running: RunningCommand[] = []
const brokers: SpawnedBroker[] = []
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
  for (const broker of brokers.splice(0)) await broker[Symbol.asyncDispose]()
})

/** A broker with a topic of this name. */
async function startedWith(topic: string, partitions = 1): Promise<SpawnedBroker> {
  const broker = await spawnBroker()
  brokers.push(broker)
  await ottla(['-b', broker.address, 'topics', 'create', topic, '-p', String(partitions)])
  return broker
}

function start({ address }: SpawnedBroker, ...args: string[]): RunningCommand {
  const command = startOttla(['-b', address, ...args])
  running.push(command)
  return command
}

/** Writes lines with these numbers to a command, no faster than it reads. */
async function typeLines({ child }: RunningCommand, from: number, to: number): Promise<void> {
  const stdin = child.stdin!
  for (let at = from; at < to; at += 10_000) {
    const numbers = Array.from({ length: Math.min(10_000, to - at) }, (_, i) => at + i)
    const isTaken = stdin.write(numbers.map(number => `line ${number} of many\n`).join(''))
    if (!isTaken) await once(stdin, 'drain')
  }
}

/** Counts the lines a command prints and their numbers; resolves when there are enough. */
class LineCounter {
  readonly #times: Uint8Array
  #rest = ''
  #count = 0
  #wanted = 0
  #reached = () => {}

  constructor({ child }: RunningCommand, numbersMax: number) {
    this.#times = new Uint8Array(numbersMax)
    child.stdout!.on('data', (chunk: Buffer) => this.#take(chunk.toString()))
  }

  reaches(wanted: number): Promise<void> {
    this.#wanted = wanted
    return new Promise(resolve => {
      this.#reached = resolve
      if (this.#count >= wanted) resolve()
    })
  }

  /** How many numbers came not at all, once, and more often. */
  get tally() {
    const of = (holds: (times: number) => boolean) => this.#times.filter(holds).length
    return { missing: of(n => n === 0), once: of(n => n === 1), repeated: of(n => n > 1) }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#times[Number(line.split(' ')[1])]! += 1
    this.#count += lines.length
    if (this.#count >= this.#wanted) this.#reached()
  }
}

describe('a broker that restarts', () => {
  test('loses no line of a million, writes none twice, and the follower reads on', async () => {
    const broker = await startedWith('lines', 3)
    const followed = start(broker, 'consume', 'lines', '--follow', '--from', 'beginning')
    const seen = new LineCounter(followed, 1_000_000)
    const produced = start(broker, 'produce', 'lines')

    await typeLines(produced, 0, 200_000)
    const stopped = seen.reaches(210_000).then(() => broker.restart())
    await typeLines(produced, 200_000, 500_000)
    await stopped
    const killed = seen.reaches(510_000).then(() => broker.killAndRestart())
    await typeLines(produced, 500_000, 1_000_000)
    await killed
    produced.child.stdin!.end()

    const { code, stdout, stderr } = await produced.ended
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({
      code: 0,
      stdout: 'Produced 1,000,000 records to lines.\n',
      stderr: '',
    })
    await seen.reaches(1_000_000)
    followed.child.kill('SIGINT')
    expect(await followed.ended).toMatchObject({
      code: 0,
      stderr: 'Printed 1,000,000 records of lines.\n',
    })
    expect(seen.tally).toEqual({ missing: 0, once: 1_000_000, repeated: 0 })
  })

  test('is waited for by a group member that follows', async () => {
    const broker = await startedWith('shared')
    await ottla(['-b', broker.address, 'produce', 'shared'], { input: 'a\n' })
    const from = ['--from', 'beginning']
    const member = start(broker, 'consume', 'shared', '-F', '-g', 'team', ...from)
    await member.until(text => text === 'a\n')
    await broker.killAndRestart()
    await ottla(['-b', broker.address, 'produce', 'shared'], { input: 'b\n' })
    await member.until(text => text.endsWith('b\n'))
    await broker.restart()
    await ottla(['-b', broker.address, 'produce', 'shared'], { input: 'c\n' })
    await member.until(text => text.endsWith('c\n'))
    member.child.kill('SIGTERM')
    expect(await member.ended).toMatchObject({ code: 0 })
  })
})

describe('what is told of produce that does not come to its end', () => {
  test('by a signal: the exact count, once everything sent is acknowledged', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const broker = await startedWith('cut')
      const produced = start(broker, 'produce', 'cut')
      const followed = start(broker, 'consume', 'cut', '-F', '--from', 'beginning')
      produced.child.stdin!.write('a\nb\nc\nhalf')
      await followed.until(text => text === 'a\nb\nc\n')
      produced.child.kill(signal)
      expect(await produced.ended).toMatchObject({
        code,
        stderr: 'Interrupted. 3 records had been written.\n',
      })
      followed.child.kill(signal)
      await followed.ended
    }
  })

  test('by a broker that stays away: the count of those before, and why', async () => {
    const broker = await startedWith('away')
    const produced = start(broker, 'produce', 'away', '--timeout', '1s', '--json')
    const followed = start(broker, 'consume', 'away', '-F', '--from', 'beginning')
    produced.child.stdin!.write('a\nb\n')
    await followed.until(text => text === 'a\nb\n')
    await broker.stop()
    produced.child.stdin!.end('c\n')
    const { code, stdout, stderr } = await produced.ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Lost 127.* 2 records had been written\.\n$/)
    expect(JSON.parse(stdout.toString())).toMatchObject({ topic: 'away', records: 2 })
  })

  test('by a second signal while the broker is away: what is known', async () => {
    const broker = await startedWith('gone')
    const produced = start(broker, 'produce', 'gone')
    const followed = start(broker, 'consume', 'gone', '-F', '--from', 'beginning')
    produced.child.stdin!.write('a\n')
    await followed.until(text => text === 'a\n')
    await broker.stop()
    produced.child.stdin!.write('b\nc\n')
    produced.child.kill('SIGINT')
    await once(produced.child.stderr!, 'data')
    produced.child.kill('SIGINT')
    const { code, stderr } = await produced.ended
    expect(code).toBe(130)
    const [hint, told] = stderr.split('\n')
    expect(hint).toBe('Waiting for the broker to answer; another signal ends the command at once.')
    expect(told).toMatch(/^Interrupted\. 1 record had been written; of 2 more records /)
  })
})

describe('consume that is cut short', () => {
  test('ends with the code of the signal and the count of what was printed', async () => {
    const broker = await startedWith('slow')
    await ottla(['-b', broker.address, 'produce', 'slow'], { input: 'a\nb\n' })
    const enough = start(broker, 'consume', 'slow', '--follow', '--count', '3', '--from', '0')
    await enough.until(text => text === 'a\nb\n')
    enough.child.kill('SIGINT')
    expect(await enough.ended).toMatchObject({
      code: 130,
      stderr: 'Interrupted. Printed 2 records of slow.\n',
    })
  })
})
