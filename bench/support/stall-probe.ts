/**
 * Loaded into the broker's process by `node --import` while it is measured: how long was the event
 * loop away? A timer asks every 5 ms; between two answers it notes the CPU the loop's thread burnt
 * (a stretch of our own work is never longer than that) and the wall time that went by (which also
 * holds what the machine took from us). SIGUSR2 writes the maxima to the file named by
 * `OTTLA_PROBE_FILE` and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs'

const EVERY_MS = 5

/** The longest stretches seen between two looks, in milliseconds. */
export interface Stall {
  readonly cpuMs: number
  readonly wallMs: number
}

function watch(file: string): void {
  let cpuMs = 0
  let wallMs = 0
  let lastCpu = cpuNow()
  let lastWall = performance.now()
  function look(): void {
    const cpu = cpuNow()
    const wall = performance.now()
    cpuMs = Math.max(cpuMs, cpu - lastCpu)
    wallMs = Math.max(wallMs, wall - lastWall)
    lastCpu = cpu
    lastWall = wall
  }
  setInterval(look, EVERY_MS).unref()
  process.on('SIGUSR2', () => {
    look()
    writeFileSync(`${file}.tmp`, JSON.stringify({ cpuMs, wallMs } satisfies Stall))
    renameSync(`${file}.tmp`, file)
    cpuMs = 0
    wallMs = 0
  })
}

/** CPU time of the calling thread, in milliseconds. */
function cpuNow(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const target = process.env['OTTLA_PROBE_FILE']
if (target !== undefined) watch(target)
