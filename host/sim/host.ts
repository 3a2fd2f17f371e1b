/**
 * Simulated hosts, all parts together. One host for most tests; a world of them, sharing time and
 * wires, for clusters. Every part can also be had alone (`VirtualClock`, `memoryDisk`, ...) and
 * mixed with real ones: `{ ...nodeHost(), clock: virtualClock({ hop }), disk: memoryDisk() }`.
 *
 * What a host does is decided by the seed alone: the same seed gives the same `trace.hash`.
 */
import type { Crc32c, Host } from '../host.ts'
import { LoggerLevels } from '../log-levels.ts'
import { VirtualClock, type VirtualClockOptions } from './clock.ts'
import type { Keep } from './crash.ts'
import { simpleCrc32c } from './crc32c.ts'
import { type DiskOptions, SimDisk } from './disk.ts'
import type { Owner } from './event-queue.ts'
import { RecordedLog } from './logger.ts'
import { SimLoop } from './loop.ts'
import { SimNet } from './net.ts'
import { type NetworkOptions, SimNetwork } from './network.ts'
import { SimProcess } from './process.ts'
import { SeededRandom } from './random.ts'
import { Simulation, type SimulationOptions } from './simulation.ts'

export interface WorldOptions extends SimulationOptions {
  /** Decides everything that is random. */
  readonly seed: number | string
  readonly network?: NetworkOptions
  /** Default: a plain one, pure TypeScript. */
  readonly crc32c?: Crc32c
}

export interface MachineOptions extends Pick<VirtualClockOptions, 'startMs' | 'driftPpm'> {
  readonly disk?: Omit<DiskOptions, 'clock' | 'random'>
}

export interface SimHostOptions extends WorldOptions, MachineOptions {
  /** Default 'node'. */
  readonly name?: string
}

/** Time, wires and randomness that simulated hosts share. */
export class SimWorld {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly random: SeededRandom
  readonly crc32c: Crc32c
  #pids = 0

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(options.seed)
    this.simulation = new Simulation(options)
    const wires = this.random.fork('network')
    this.network = new SimNetwork(this.simulation, wires, options.network)
    this.crc32c = options.crc32c ?? simpleCrc32c
  }

  /** A machine with an empty disk, and a process on it. Names are unique in a world. */
  addHost(name: string, options: MachineOptions = {}): SimHost {
    const random = this.random.fork(name)
    const disk = new SimDisk({ ...options.disk, random: random.fork('disk') })
    return new SimHost(this, { name, disk, random, options })
  }

  nextPid(): number {
    return ++this.#pids
  }
}

interface HostMakings {
  readonly name: string
  readonly disk: SimDisk
  readonly random: SeededRandom
  readonly options: MachineOptions
}

/** One process on one simulated machine. `restart` gives the next process on the same machine. */
export class SimHost implements Host {
  readonly world: SimWorld
  readonly name: string
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly loop: SimLoop
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly net: SimNet
  readonly disk: SimDisk
  readonly process: SimProcess
  /** Keeps every line: what `logLevels` hides on a real host, a test may want to read. */
  readonly log = new RecordedLog()
  readonly logLevels = new LoggerLevels('trace')
  readonly crc32c: Crc32c
  readonly #owner: Owner
  readonly #makings: HostMakings

  constructor(world: SimWorld, makings: HostMakings) {
    const { disk, name, options, random } = makings
    this.#makings = makings
    this.#owner = { name, isAlive: true }
    this.world = world
    this.name = name
    this.simulation = world.simulation
    this.network = world.network
    this.crc32c = world.crc32c
    this.process = new SimProcess(world.nextPid())
    this.random = random.fork(`process ${this.process.pid}`)
    this.loop = new SimLoop(world.simulation, this.#owner)
    this.clock = new VirtualClock({
      ...options,
      simulation: world.simulation,
      owner: this.#owner,
    })
    this.net = new SimNet(world.network, world.network.machine(name), this.#owner)
    this.disk = disk
    disk.attach(this.clock)
  }

  get isAlive(): boolean {
    return this.#owner.isAlive
  }

  /** 16 hexadecimal digits over all that happened so far: equal for equal seeds. */
  get traceHash(): string {
    return this.simulation.trace.hash
  }

  /** Runs the simulation until `work` is done and returns its outcome. */
  run<T>(work: Promise<T> | (() => Promise<T>)): Promise<T> {
    // Begun within the run, so that `advance` in it waits rather than drives.
    const begun = typeof work === 'function' ? Promise.resolve().then(work) : work
    return this.simulation.runUntilSettled(begun)
  }

  /** kill -9: nothing of it runs again; the page cache survives, its connections are reset. */
  kill(): void {
    if (!this.#owner.isAlive) return
    this.#owner.isAlive = false
    this.disk.killed()
    this.network.killProcess(this.net.machine, this.#owner)
  }

  /** The machine loses power: peers hear nothing, and of what was not synced `keep` is left. */
  powerCut(options: { readonly keep: Keep }): void {
    this.#owner.isAlive = false
    this.disk.crash(options)
    this.network.powerOff(this.net.machine, this.#owner)
  }

  /** The next process on this machine, with its disk. Kills this one if it lives. */
  restart(): SimHost {
    this.kill()
    this.network.powerOn(this.net.machine)
    return new SimHost(this.world, this.#makings)
  }
}

/** One simulated host in a world of its own. */
export function simHost(options: SimHostOptions): SimHost {
  return new SimWorld(options).addHost(options.name ?? 'node', options)
}
