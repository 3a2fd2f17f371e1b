import type { LogConfig } from '../../storage/log-config.ts'
import { LogDirectory, type LogDirectoryOptions } from '../../storage/log-directory.ts'

export interface OpenEveryLog extends LogDirectoryOptions {
  readonly nowMs: number
  readonly logDefaults: LogConfig
  readonly configOf?: (topic: string) => LogConfig
}

/** A directory of which every folder that says a topic id is opened; the rest is set aside. */
export async function openEveryLog(options: OpenEveryLog): Promise<LogDirectory> {
  const directory = await LogDirectory.claim(options)
  try {
    await directory.openLogs(({ topic, topicId }) => {
      if (topicId === null) return { kind: 'stray', reason: 'no topic id' }
      const config = options.configOf?.(topic) ?? options.logDefaults
      return { kind: 'open', topicId, config }
    }, options.nowMs)
    return directory
  } catch (error) {
    directory.abandon()
    throw error
  }
}
