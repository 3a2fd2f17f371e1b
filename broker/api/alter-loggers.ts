import type { LogLevel, LogLevels } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  brokerIdOf,
  type ConfigChange,
  type ConfigChanges,
  type ConfigResult,
} from '../cluster/commands.ts'
import { AlterOperation, malformedRequest } from '../config/alter.ts'
import type { BrokerServices } from '../services.ts'

/** Kafka's levels, which must be written in capitals. */
const LEVELS: ReadonlyMap<string | null, LogLevel> = new Map([
  ['TRACE', 'trace'],
  ['DEBUG', 'debug'],
  ['INFO', 'info'],
  ['WARN', 'warn'],
  ['ERROR', 'error'],
  ['FATAL', 'fatal'],
])
const ROOT = 'root'

/**
 * Changes levels of this broker's loggers, until it ends: they are not kept. Nothing is changed
 * unless all can be.
 */
export function alterLoggers(
  broker: BrokerServices,
  { resourceType, resourceName, mode, changes }: ConfigChanges,
  { validateOnly }: { readonly validateOnly: boolean },
): ConfigResult {
  const answer = (errorCode: ErrorCode, errorMessage: string | null) => {
    return { resourceType, resourceName, errorCode, errorMessage }
  }
  const invalid = (why: string) => answer(ErrorCode.INVALID_REQUEST, why)
  // AlterConfigs replaces, and a logger cannot be left out.
  if (mode === 'replace') return invalid(`Unknown resource type ${resourceType}`)
  const malformed = malformedRequest(changes)
  if (malformed !== null) return invalid(malformed.message)
  if (brokerIdOf(resourceName) !== broker.nodeId) {
    return invalid(`Unexpected broker id. Expected ${broker.nodeId}, but received ${resourceName}`)
  }
  const { logLevels } = broker.host
  for (const change of changes) {
    const fault = faultOf(change, logLevels)
    if (fault !== null) return answer(...fault)
  }
  if (!validateOnly) for (const change of changes) apply(change, logLevels)
  return answer(ErrorCode.NONE, null)
}

function faultOf(
  { name, operation, value }: ConfigChange,
  levels: LogLevels,
): [ErrorCode, string] | null {
  if (operation !== AlterOperation.SET && operation !== AlterOperation.DELETE) {
    return [ErrorCode.INVALID_REQUEST, `Operation ${operation} is not allowed for a logger`]
  }
  if (!levels.has(name)) return [ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`]
  if (operation === AlterOperation.SET) {
    if (LEVELS.has(value)) return null
    const known = [...LEVELS.keys()].join(', ')
    return [ErrorCode.INVALID_CONFIG, `${value} is not a level of ${name}: one of ${known}`]
  }
  if (name !== ROOT) return null
  const why = 'Removing the log level of the root logger is not allowed'
  return [ErrorCode.INVALID_REQUEST, why]
}

function apply({ name, operation, value }: ConfigChange, levels: LogLevels): void {
  const level = LEVELS.get(value)
  if (operation === AlterOperation.DELETE) levels.reset(name)
  else if (level !== undefined) levels.set(name, level)
}
