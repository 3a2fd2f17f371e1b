/** Runs the load generator against a process and reads what that process paid for it. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { cpuSeconds } from './process.ts'

const LOAD_CORE = '1'

export interface LoadOptions {
  readonly port: number
  /** The process whose CPU is counted. */
  readonly pid: number
  readonly connections: number
  readonly depth: number
  readonly warmupS: number
  readonly measureS: number
  /** Where an error code stands in a response, or -1. */
  readonly checkAt: number
  /** Requests a second of an open loop, or 0 for a closed one. */
  readonly rate?: number
  readonly files: readonly string[]
}

export interface LoadResult {
  readonly responses: number
  readonly seconds: number
  /** The larger of what was sent and what was received, in 1e9 bytes. */
  readonly gigabytes: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
  /** CPU of the measured process during the measurement, in seconds. */
  readonly cpuS: number
}

/** Compiles a C program once per source change; returns the path of the binary. */
export function compile(source: string, folder: string, flags: readonly string[] = []): string {
  mkdirSync(folder, { recursive: true })
  const binary = `${folder}/${source.replace(/^.*\//, '').replace(/\.c$/, '')}`
  if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(source).mtimeMs) {
    execFileSync('gcc', ['-O2', ...flags, '-o', binary, source])
  }
  return binary
}

/**
 * One measured run; `warmedUp` is called when its measurement begins. Rejects when the broker
 * closes a connection or answers an error.
 */
export async function runLoad(
  binary: string,
  o: LoadOptions,
  warmedUp: () => unknown = () => {},
): Promise<LoadResult> {
  const child = spawn(
    'taskset',
    [
      ...['-c', LOAD_CORE, binary, String(o.port)],
      ...[o.connections, o.depth, o.warmupS, o.measureS, o.checkAt, o.rate ?? 0].map(String),
      ...o.files,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', text => (complaint += text))
  let before = 0
  let cpuS = 0
  let result: Omit<LoadResult, 'cpuS'> | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'measure') {
      before = cpuSeconds(o.pid)
      await warmedUp()
    } else {
      cpuS = cpuSeconds(o.pid) - before
      result = JSON.parse(line)
    }
  }
  if (result === null) throw new Error(`the load ended early: ${complaint.trim()}`)
  return { ...result, cpuS }
}
