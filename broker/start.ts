import { parseArgs } from 'node:util'
import { DiskError } from '../host/disk-error.ts'
import type { Disk } from '../host/host.ts'
import { readTextFile } from '../storage/checkpoint.ts'
import { BrokerServer, type BrokerServerOptions } from './broker.ts'
import { ConfigError, type LoadedConfig, loadConfig } from './config/load.ts'
import { listenerUrl } from './listeners-file.ts'
import { COMMAND_LINE_CURES, type StartCures, StartFailure, startFailure } from './start-failure.ts'

/** What a start needs to be told, read from a command line. */
export interface StartArguments {
  /** Path of a server.properties, or null. */
  readonly file: string | null
  /** `name=value` each. */
  readonly overrides: readonly string[]
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

/**
 * Reads the configuration from files, environment and flags. OTTLA_CONFIG_PATH names files,
 * separated by colons, that are read before the one of the command line where they are there: an
 * image keeps its own defaults in the first of them, so that every other source wins over them.
 * Throws StartFailure.
 */
export function readConfig(
  { file, overrides }: StartArguments,
  env: Readonly<Record<string, string | undefined>>,
  disk: Pick<Disk, 'readFile'>,
): LoadedConfig {
  try {
    const paths = (env['OTTLA_CONFIG_PATH'] ?? '').split(':').filter(path => path !== '')
    const files = paths.flatMap(path => {
      const text = readTextFile(disk, path)
      return text === null ? [] : [{ path, text }]
    })
    if (file !== null) files.push({ path: file, text: disk.readFile(file).toString('utf8') })
    const loaded = loadConfig({ files, env, overrides })
    const folders = loaded.config.get('log.dirs') ?? []
    if (folders.length > 1) {
      const named = folders.join(', ')
      throw new ConfigError([`log.dirs: there can be one data folder, got ${named}: name one`])
    }
    return loaded
  } catch (error) {
    if (error instanceof ConfigError) throw new StartFailure(error.message, 2)
    if (error instanceof DiskError) {
      throw new StartFailure(`${error.path} cannot be read (${error.code}): is the path right?`, 2)
    }
    throw error
  }
}

/** Starts a broker, saying in one sentence why if it cannot be. Throws StartFailure. */
export async function startServer(
  options: BrokerServerOptions,
  cures: StartCures = COMMAND_LINE_CURES,
): Promise<BrokerServer> {
  const { config, folder } = options
  try {
    return await BrokerServer.start(options)
  } catch (error) {
    throw startFailure(error, { listeners: config.get('listeners').join(', '), folder }, cures)
  }
}

/** The one line a start ends with. */
export function startLine(server: BrokerServer, version: string, startedInMs: number): string {
  const { config, host, logDirectory } = server.parts
  const listeners = server.listeners.map(listenerUrl)
  const parts = host.process.nativeParts
  return [
    `Ottla ${version} listens on ${listeners.join(', ')}`,
    `data ${logDirectory.path}`,
    `durability ${config.get('durability')}`,
    `native ${parts.length > 0 ? parts.join(' ') : 'off'}`,
    `started in ${Math.round(startedInMs)} ms`,
  ].join(' · ')
}
