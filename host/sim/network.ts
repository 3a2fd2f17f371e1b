/**
 * The wires between simulated machines: who can reach whom, how slowly, and which faults are in
 * force. Bytes behave as TCP's: in order, whole or not at all, held back while a path is blocked.
 *
 * Invariants:
 *   (1) A blocked path delivers nothing in its direction, and loses nothing: what was under way
 *       arrives after healing.
 *   (2) A machine that is down answers nothing; up again, it resets connections it does not know.
 */
import { errorWithCode, type SimConnection } from './connection.ts'
import { everyone, type Owner } from './event-queue.ts'
import type { SimListener } from './net.ts'
import type { SeededRandom } from './random.ts'
import type { Simulation } from './simulation.ts'

export interface NetworkOptions {
  /** One way, between machines: `least` plus an exponential part. Default 0.1 and 0.3. */
  readonly latencyMs?: { readonly least: number; readonly mean: number }
  /** How likely a chunk is cut at a random place. Default 0.2. */
  readonly splitChance?: number
  /** How likely a connection breaks when it writes. Default 0. */
  readonly resetChance?: number
  /** Bytes a connection takes in one direction before the reader has them. Default 256 KiB. */
  readonly windowBytes?: number
}

/** A machine: an address, its ports, and the ends of connections that live on it. */
export interface Machine {
  readonly name: string
  readonly address: string
  /** Events that happen to the machine, whatever process runs on it. */
  readonly owner: Owner
  readonly listeners: Map<number, SimListener>
  readonly ends: Map<SimConnection, End>
  isUp: boolean
  portNext: number
}

/** What the network knows of one end. */
export interface End {
  readonly owner: Owner
  readonly peer: Machine
  readonly peerEnd: () => SimConnection
  /** Delivers what has arrived, in both directions: the other end may be forgotten. */
  readonly deliver: () => void
}

const PORT_FIRST = 32_768

export class SimNetwork {
  readonly simulation: Simulation
  readonly random: SeededRandom
  /** May be changed at any time. */
  splitChance: number
  resetChance: number
  latencyMs: { readonly least: number; readonly mean: number }
  readonly windowBytes: number
  readonly #machines = new Map<string, Machine>()
  readonly #blocked = new Set<string>()
  readonly #delays = new Map<string, number>()
  #connectionIds = 0

  constructor(simulation: Simulation, random: SeededRandom, options: NetworkOptions = {}) {
    this.simulation = simulation
    this.random = random
    this.splitChance = options.splitChance ?? 0.2
    this.resetChance = options.resetChance ?? 0
    this.latencyMs = options.latencyMs ?? { least: 0.1, mean: 0.3 }
    this.windowBytes = options.windowBytes ?? 262_144
  }

  /** The machine of this name, made at first; addresses are 10.0.0.1 and up. */
  machine(name: string): Machine {
    const known = this.#machines.get(name)
    if (known !== undefined) return known
    const machine: Machine = {
      name,
      address: `10.0.0.${this.#machines.size + 1}`,
      owner: { ...everyone(), name },
      listeners: new Map(),
      ends: new Map(),
      isUp: true,
      portNext: PORT_FIRST,
    }
    this.#machines.set(name, machine)
    return machine
  }

  /** The machine a host name or address means when `from` uses it. */
  resolve(from: Machine, host: string): Machine | undefined {
    if (isLoopback(host) || isAny(host)) return from
    const named = this.#machines.get(host)
    return named ?? [...this.#machines.values()].find(machine => machine.address === host)
  }

  nextConnectionId(): number {
    return ++this.#connectionIds
  }

  // --------------------------------------------------------------------------------------- faults

  /** Cuts one direction: packets from `from` to `to` are lost (and sent again after healing). */
  block(from: string, to: string): void {
    this.#blocked.add(pathOf(from, to))
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(pathOf(from, to))
    this.#deliverAll()
  }

  /** Cuts both directions between every machine of one group and every one of the other. */
  partition(group: readonly string[], others: readonly string[]): void {
    for (const one of group) {
      for (const other of others) {
        this.block(one, other)
        this.block(other, one)
      }
    }
  }

  /** Cuts a machine off from all others. */
  isolate(name: string): void {
    this.partition(
      [name],
      [...this.#machines.keys()].filter(other => other !== name),
    )
  }

  /** Removes every block and delay; what was held back arrives. */
  heal(): void {
    this.#blocked.clear()
    this.#delays.clear()
    this.#deliverAll()
  }

  /** Makes one direction slower by `delayMs` for what is sent from here on; 0 ends it. */
  delay(from: string, to: string, delayMs: number): void {
    this.#delays.set(pathOf(from, to), delayMs)
  }

  /** Holds one direction back for a while: a clogged link. */
  clog(from: string, to: string, forMs: number): void {
    this.block(from, to)
    const { owner } = this.machine(from)
    this.simulation.schedule(forMs, `unclog ${to}`, owner, () => this.unblock(from, to))
  }

  /** Breaks every connection between two machines, at both ends, at once. */
  breakConnections(one: string, other: string): void {
    const peer = this.machine(other)
    for (const [connection, end] of this.machine(one).ends) {
      if (end.peer !== peer) continue
      end.peerEnd().reset(errorWithCode('ECONNRESET', 'broken by the network'))
      connection.reset(errorWithCode('ECONNRESET', 'broken by the network'))
    }
  }

  /** A process on the machine died: the kernel closes its sockets. */
  killProcess(machine: Machine, owner: Owner): void {
    this.#forget(machine, owner, (connection, end) => {
      connection.vanish()
      this.sendReset(machine, end.peer, end.peerEnd())
    })
  }

  /** The machine lost power: it says nothing any more, until it is up again. */
  powerOff(machine: Machine, owner: Owner): void {
    machine.isUp = false
    this.#forget(machine, owner, connection => connection.vanish())
  }

  powerOn(machine: Machine): void {
    machine.isUp = true
    this.#deliverAll()
  }

  // ------------------------------------------------------------------------- for nets and pipes

  isBlocked(from: Machine, to: Machine): boolean {
    return !to.isUp || this.#blocked.has(pathOf(from.name, to.name))
  }

  /** How long the next packet takes. */
  drawLatencyMs(from: Machine, to: Machine): number {
    const { least, mean } = this.latencyMs
    if (from === to) return least / 10
    const exponential = -Math.log(1 - this.random.float()) * (mean - least)
    return least + exponential + (this.#delays.get(pathOf(from.name, to.name)) ?? 0)
  }

  /** A reset on its way to the other end; on a blocked path it is lost. */
  sendReset(from: Machine, to: Machine, connection: SimConnection): void {
    if (this.isBlocked(from, to)) return
    const delayMs = this.drawLatencyMs(from, to)
    this.simulation.schedule(delayMs, `connection ${connection.id} reset`, to.owner, () =>
      connection.reset(errorWithCode('ECONNRESET', 'reset by the peer')),
    )
  }

  #forget(
    machine: Machine,
    owner: Owner,
    leave: (connection: SimConnection, end: End) => void,
  ): void {
    for (const [port, listener] of machine.listeners) {
      if (listener.owner === owner) machine.listeners.delete(port)
    }
    for (const [connection, end] of machine.ends) {
      if (end.owner !== owner) continue
      leave(connection, end)
      machine.ends.delete(connection)
    }
  }

  #deliverAll(): void {
    for (const machine of this.#machines.values()) {
      const deliver = () => {
        for (const end of [...machine.ends.values()]) end.deliver()
      }
      this.simulation.schedule(0, 'paths changed', machine.owner, deliver)
    }
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

/** Whether a listener on this host takes connections to every address. */
export function isAny(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function pathOf(from: string, to: string): string {
  return `${from} > ${to}`
}
