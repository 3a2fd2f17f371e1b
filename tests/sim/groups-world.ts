/**
 * Group churn: members of one group (and a second, quiet one in the same shard) come, go, die and
 * pause for minutes of virtual time, while their coordinator is killed, loses power and finds its
 * disk full. What must hold is in groups-checker.ts; at the end churn stops and the group must come
 * to rest with every partition owned.
 */

import type { GroupCall, ReplyTo } from '../../broker/coordinator/group-coordinators.ts'
import { GROUP_TOPIC, GroupCoordinators } from '../../broker/coordinator/group-coordinators.ts'
import type { CallId } from '../../broker/coordinator/machine.ts'
import type { ShardLog } from '../../broker/coordinator/shard-log.ts'
import { emptyImage } from '../../broker/image/image.ts'
import { type SimHost, SimWorld } from '../../host/sim/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { GroupChecker } from './groups-checker.ts'
import { type Link, type MemberParts, PARTITIONS, SimMember } from './groups-member.ts'

const MEMBERS_MAX = 20
const CHURN_MS = 8 * 60_000
/** Longest session, rebalance and newcomer's patience after one another, generously. */
const REST_MS = 5 * 60_000

/** Where the coordinator keeps its records, over restarts of its host. */
export interface GroupStorage {
  open(host: SimHost): Promise<ShardLog>
  /** Ends the process, or the whole machine with what was not synced. */
  end(host: SimHost, how: 'kill' | 'power cut'): void
  /** Appends fail while it is full. */
  isFull: boolean
}

export interface ChurnResult {
  readonly assignments: number
  readonly commits: number
  readonly restarts: number
}

/** Runs one seed. Rejects when something that must hold does not. */
export async function churnGroups(
  seed: number,
  storageFor: () => GroupStorage,
): Promise<ChurnResult> {
  const world = new SimWorld({ seed, traceLinesMax: 10, crc32c })
  const churn = new Churn(world, storageFor())
  return world.simulation.runUntilSettled(Promise.resolve().then(() => churn.run()))
}

class Churn {
  readonly #storage: GroupStorage
  readonly #clients: SimHost
  readonly #checker = new GroupChecker()
  readonly #parts: MemberParts
  #broker: SimHost
  #coordinators: GroupCoordinators | null = null
  readonly #lost = new Set<(error: Error) => void>()
  #members: SimMember[] = []
  #born = 0
  #restarts = 0
  #isCalm = false

  constructor(world: SimWorld, storage: GroupStorage) {
    this.#storage = storage
    this.#broker = world.addHost('broker')
    this.#clients = world.addHost('clients')
    const { clock, random } = this.#clients
    const link: Link = { call: (group, make) => this.#call(group, make) }
    this.#parts = { clock, random, link, checker: this.#checker, isCalm: () => this.#isCalm }
  }

  async run(): Promise<ChurnResult> {
    await this.#start()
    for (let i = 0; i < 5; i++) this.#addMember('churned')
    for (let i = 0; i < 2; i++) this.#addMember('quiet')
    const { clock, random } = this.#clients
    const endMs = clock.monotonicMs() + CHURN_MS
    while (clock.monotonicMs() < endMs) {
      await this.#sleep(500 + random.below(12_000))
      await this.#event()
      this.#mustBeRight()
    }
    this.#storage.isFull = false
    this.#isCalm = true
    await this.#comesToRest()
    const { assignments, commits } = this.#checker
    return { assignments, commits, restarts: this.#restarts }
  }

  // ---------------------------------------------------------------------------------- events

  async #event(): Promise<void> {
    const { random } = this.#clients
    const running = this.#members.filter(m => m.isRunning && m.group === 'churned')
    const anyone = running[random.below(Math.max(1, running.length))]
    const draw = random.below(100)
    if (draw < 35) {
      if (running.length < MEMBERS_MAX) this.#addMember('churned')
    } else if (draw < 50) {
      anyone?.leave()
    } else if (draw < 60) {
      anyone?.die()
    } else if (draw < 75) {
      anyone?.pause(1000 + random.below(180_000))
    } else if (draw < 83) {
      if (anyone !== undefined && anyone.instanceId !== null) this.#restartMember(anyone)
    } else if (draw < 90) {
      this.#storage.isFull = !this.#storage.isFull
    } else {
      await this.#restart(draw < 95 ? 'kill' : 'power cut')
    }
  }

  #addMember(group: string): void {
    const { random } = this.#clients
    const name = `m${++this.#born}`
    const instanceId = random.below(3) === 0 ? `static-${name}` : null
    this.#begin(new SimMember(name, group, instanceId, this.#parts))
  }

  #restartMember(member: SimMember): void {
    member.die()
    this.#begin(new SimMember(`m${++this.#born}`, member.group, member.instanceId, this.#parts))
  }

  #begin(member: SimMember): void {
    this.#members.push(member)
    this.#clients.loop.spawn(member.name, member.run())
  }

  // ----------------------------------------------------------------------------- coordinator

  async #start(): Promise<void> {
    const host = this.#broker
    const log = await this.#storage.open(host)
    const partition = { index: 0, leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] }
    const topic = {
      ...{ name: GROUP_TOPIC, id: 'topic', configs: new Map(), isInternal: true },
      partitions: [{ ...partition, partitionEpoch: 0 }],
    }
    const image = { ...emptyImage('c'), topics: new Map([[GROUP_TOPIC, topic]]) }
    const coordinators = new GroupCoordinators({
      host,
      nodeId: 1,
      image: () => image,
      createTopic: async () => ErrorCode.NONE,
      openLog: () => log,
      snapshots: () => null,
      limits: () => ({
        sessionTimeoutMsMin: 6000,
        sessionTimeoutMsMax: 1_800_000,
        membersMax: Number.POSITIVE_INFINITY,
        initialDelayMs: 3000,
        newMemberTimeoutMs: 300_000,
        metadataSizeMax: 4096,
        offsetsRetentionMs: 7 * 24 * 3_600_000,
        expiryIntervalMs: 600_000,
        sweepRecordsMax: 1000,
      }),
      commitTimeoutMs: () => 5000,
      onLoad: () => {},
    })
    coordinators.onImage()
    this.#coordinators = coordinators
  }

  async #restart(how: 'kill' | 'power cut'): Promise<void> {
    this.#restarts++
    this.#coordinators = null
    this.#storage.end(this.#broker, how)
    for (const lose of [...this.#lost]) lose(new Error('connection reset'))
    await this.#sleep(10 + this.#clients.random.below(3000))
    this.#broker = this.#broker.restart()
    await this.#start()
  }

  /** A call over a network: takes a moment, ends with the connection, and now and then is lost. */
  async #call<C extends GroupCall>(group: string, make: (call: CallId) => C): Promise<ReplyTo<C>> {
    const { clock, random } = this.#clients
    if (this.#coordinators === null) throw new Error('connection refused')
    const answer = this.#coordinators.execute(group, make)
    const isLost = !this.#isCalm && random.below(200) === 0
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#lost.delete(lose)
        timer.cancel()
      }
      const lose = (error: Error) => {
        end()
        reject(error)
      }
      const timer = clock.schedule(40_000, () => lose(new Error('timed out')))
      this.#lost.add(lose)
      answer.then(reply => {
        if (isLost) return
        clock.schedule(1 + random.below(5), () => {
          // Reset in between: the answer was on its way.
          if (!this.#lost.has(lose)) return
          end()
          resolve(reply)
        })
      }, lose)
    })
  }

  // ------------------------------------------------------------------------------------ rest

  async #comesToRest(): Promise<void> {
    for (const member of this.#members) member.pause(0)
    await this.#sleep(REST_MS)
    this.#mustBeRight()
    for (const group of ['churned', 'quiet']) this.#mustBeWhole(group)
    for (const member of this.#members) member.die()
    const before = this.#coordinators!.describe()
    await this.#offsetsMustBeThere()
    await this.#restart('power cut')
    await this.#offsetsMustBeThere()
    const after = this.#coordinators!.describe()
    this.#mustBeRight()
    if (sorted(before) !== sorted(after)) throw new Error(`loaded:\n${after}\nwas:\n${before}`)
  }

  #mustBeRight(): void {
    if (this.#checker.violation !== null) throw this.#checker.violation
  }

  /** Every rebalance ended: one generation, and every partition owned once in it. */
  #mustBeWhole(group: string): void {
    const members = this.#members.filter(m => m.isRunning && m.group === group)
    if (members.length === 0) return
    const generations = new Set(members.map(m => m.assignment?.generation))
    const owned = members.flatMap(m => m.assignment?.partitions ?? []).toSorted((a, b) => a - b)
    const isWhole = generations.size === 1 && owned.length === PARTITIONS
    if (isWhole && owned.every((partition, at) => partition === at)) return
    const told = members.map(m => `${m.name} ${JSON.stringify(m.assignment)}`).join('\n')
    throw new Error(`${group} does not rest:\n${this.#coordinators?.describe()}\n${told}`)
  }

  async #offsetsMustBeThere(): Promise<void> {
    for (const group of ['churned', 'quiet']) {
      const reply = await this.#coordinators!.execute(group, call => ({
        ...{ kind: 'fetch-offsets', call, groupId: group, memberId: null, memberEpoch: -1 },
        topics: [{ topic: 'orders', partitions: [...Array(PARTITIONS).keys()] }],
        mustBeStable: true,
      }))
      for (const { partition, offset } of reply.topics[0]!.partitions) {
        this.#checker.fetched(group, partition, offset)
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#clients.clock.schedule(ms, resolve))
  }
}

function sorted(text: string): string {
  return text.split('\n').toSorted().join('\n')
}
