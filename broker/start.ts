import { parseArgs } from 'node:util'
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import { BrokerServer, type BrokerServerOptions } from './broker.ts'
import { ConfigError, type LoadedConfig, loadConfig } from './config/load.ts'

/** What a start needs to be told, read from a command line. */
export interface StartArguments {
  /** Path of a server.properties, or null. */
  readonly file: string | null
  /** `name=value` each. */
  readonly overrides: readonly string[]
}

/** A start that cannot be: one sentence with the cure, and how the process ends. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  /** 1: it was tried and failed. 2: it was asked for wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2) {
    super(message)
    this.exitCode = exitCode
  }
}

/** `[start] [server.properties] [--override name=value]...` Throws StartFailure. */
export function parseStart(args: readonly string[]): StartArguments {
  const rest = args[0] === 'start' ? args.slice(1) : args
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: { override: { type: 'string', multiple: true } },
      allowPositionals: true,
    })
    if (positionals.length > 1) {
      throw new StartFailure(`one properties file is enough, got ${positionals.join(', ')}`, 2)
    }
    return { file: positionals[0] ?? null, overrides: values.override ?? [] }
  } catch (error) {
    if (error instanceof StartFailure) throw error
    const usage = 'usage: start [server.properties] [--override name=value]...'
    throw new StartFailure(`${(error as Error).message}\n${usage}`, 2)
  }
}

/** Reads the configuration from file, environment and flags. Throws StartFailure. */
export function readConfig(
  { file, overrides }: StartArguments,
  env: Readonly<Record<string, string | undefined>>,
  disk: Pick<Disk, 'readFile'>,
): LoadedConfig {
  try {
    const text = file === null ? null : disk.readFile(file).toString('utf8')
    const source = file === null || text === null ? undefined : { path: file, text }
    const loaded = loadConfig({ file: source, env, overrides })
    const folders = loaded.config.get('log.dirs') ?? []
    if (folders.length > 1) {
      const named = folders.join(', ')
      throw new ConfigError([`log.dirs: there can be one data folder, got ${named}: name one`])
    }
    return loaded
  } catch (error) {
    if (error instanceof ConfigError) throw new StartFailure(error.message, 2)
    if (error instanceof DiskError) {
      throw new StartFailure(`${file} cannot be read (${error.code}): is the path right?`, 2)
    }
    throw error
  }
}

/** Starts a broker, saying in one sentence why if it cannot be. Throws StartFailure. */
export async function startServer(options: BrokerServerOptions): Promise<BrokerServer> {
  try {
    return await BrokerServer.start(options)
  } catch (error) {
    throw explained(error, options)
  }
}

function explained(error: unknown, { config, folder }: BrokerServerOptions): unknown {
  if (error instanceof ConfigError) return new StartFailure(error.message, 2)
  if (error instanceof DiskError) return new StartFailure(diskSentence(error, folder), 1)
  const { code, message, name } = error as { code?: string; message?: string; name?: string }
  const listeners = config.get('listeners').join(', ')
  switch (code) {
    case 'EADDRINUSE':
      return new StartFailure(
        `${listeners} is in use: stop what listens there, or choose another port with ` +
          '--override listeners=PLAINTEXT://127.0.0.1:PORT',
        1,
      )
    case 'EACCES':
      return new StartFailure(
        `${listeners} may not be listened on: ports below 1024 need rights`,
        1,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartFailure(`${listeners} is not an address of this machine`, 1)
    default:
  }
  if (name === 'ForeignDirectory') return new StartFailure(`${message}: ${OWN_FOLDER}`, 1)
  if (name === 'UnreadableIdentity') {
    const cure = `restore that file, or ${OWN_FOLDER}`
    return new StartFailure(`the data folder ${folder} cannot be used: ${message}: ${cure}`, 1)
  }
  if (name === 'ClusterStartError' || name === 'UnreadableMetadata') {
    return new StartFailure(`${folder}: ${message}`, 1)
  }
  return error
}

const OWN_FOLDER = 'give this broker a folder of its own with --override log.dirs=FOLDER'

function diskSentence(error: DiskError, folder: string): string {
  switch (error.code) {
    case 'LOCKED':
      return (
        `the data folder ${folder} is in use by another broker: stop that one first, or give ` +
        'this one a folder of its own with --override log.dirs=FOLDER'
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return (
        `${error.path} may not be written to (${error.code}): ` +
        `check who owns the data folder ${folder}`
      )
    case 'ENOSPC':
      return `the disk of the data folder ${folder} is full`
    default:
      if (error.call !== 'makeFolder') {
        return `the data folder ${folder} cannot be used: ${error.message}`
      }
      return (
        `the data folder ${folder} is not there and cannot be made (${error.code}): ` +
        'is the path right, and no part of it a file?'
      )
  }
}

/** The one line a start ends with. */
export function startLine(server: BrokerServer, version: string, startedInMs: number): string {
  const { config, host, logDirectory } = server.parts
  const listeners = server.listeners.map(
    ({ listenerName, host: address, port }) => `${listenerName}://${bracketed(address)}:${port}`,
  )
  const parts = host.process.nativeParts
  return [
    `Ottla ${version} listens on ${listeners.join(', ')}`,
    `data ${logDirectory.path}`,
    `durability ${config.get('durability')}`,
    `native ${parts.length > 0 ? parts.join(' ') : 'off'}`,
    `started in ${Math.round(startedInMs)} ms`,
  ].join(' · ')
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
