import { listElements, type Property } from './property.ts'

/** IncrementalAlterConfigs' operations, with Kafka's numbers (KIP-339). */
export const AlterOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const

export interface Alteration {
  readonly name: string
  readonly operation: number
  readonly value: string | null
}

/** Why an alteration is refused: a property's fault, or a request that makes no sense. */
export interface AlterRefusal {
  readonly kind: 'invalid-config' | 'invalid-request'
  readonly message: string
}

/** Which properties may be altered, and what a list is before it is. */
export interface AlterScope {
  /** "topic", "broker": for sentences. */
  readonly noun: string
  readonly properties: ReadonlyMap<string, Property<unknown>>
  /** The value an append or a subtract starts from when there is no override. */
  readonly inherited: (name: string) => string
  /** Whether a change takes effect without a restart; others are refused. */
  readonly mayChange: (property: Property<unknown>) => boolean
}

type Overrides = ReadonlyMap<string, string>

/**
 * The overrides after some alterations, in a map of their own; or why not. A name may appear once
 * in a request; nothing is changed unless all can be.
 */
export function alterOverrides(
  current: Overrides,
  alterations: readonly Alteration[],
  scope: AlterScope,
): Map<string, string> | AlterRefusal {
  const next = new Map(current)
  const seen = new Set<string>()
  for (const alteration of alterations) {
    const { name } = alteration
    if (seen.has(name)) return invalidRequest(`Error due to duplicate config keys: ${name}`)
    seen.add(name)
    const refusal = alterOne(next, alteration, scope)
    if (refusal !== null) return refusal
  }
  return next
}

/** The overrides when exactly these are wanted (AlterConfigs). */
export function replaceOverrides(
  alterations: readonly Alteration[],
  scope: AlterScope,
): Map<string, string> | AlterRefusal {
  return alterOverrides(
    new Map(),
    alterations.map(alteration => ({ ...alteration, operation: AlterOperation.SET })),
    scope,
  )
}

/** Whether alteration was refused. */
export function isAlterRefusal(
  result: ReadonlyMap<string, string> | AlterRefusal,
): result is AlterRefusal {
  return 'message' in result
}

function alterOne(
  next: Map<string, string>,
  { name, operation, value }: Alteration,
  scope: AlterScope,
): AlterRefusal | null {
  const property = scope.properties.get(name)
  if (property === undefined) return invalidConfig(`Unknown ${scope.noun} config name: ${name}`)
  if (!scope.mayChange(property)) {
    return invalidRequest(`Cannot update these configs dynamically: ${name}`)
  }
  if (operation === AlterOperation.DELETE) {
    next.delete(name)
    return null
  }
  if (value === null) {
    return invalidConfig(`Null value not supported for ${scope.noun} config: ${name}`)
  }
  const isListOperation =
    operation === AlterOperation.APPEND || operation === AlterOperation.SUBTRACT
  if (operation !== AlterOperation.SET && !isListOperation) {
    return invalidRequest(`Unknown operation type ${operation} for config ${name}`)
  }
  if (isListOperation && property.kind !== 'list') {
    return invalidConfig(`Can't change config key ${name} as a list: its type is not LIST`)
  }
  const text = isListOperation
    ? changedList(next.get(name) ?? scope.inherited(name), value, operation)
    : value
  const parsed = property.parse(text)
  if (!parsed.ok) {
    return invalidConfig(`Invalid value ${text} for configuration ${name}: ${parsed.reason}`)
  }
  next.set(name, text)
  return null
}

function changedList(current: string, value: string, operation: number): string {
  const elements = listElements(current)
  const named = listElements(value)
  const kept =
    operation === AlterOperation.APPEND
      ? [...elements, ...named.filter(element => !elements.includes(element))]
      : elements.filter(element => !named.includes(element))
  return kept.join(',')
}

function invalidConfig(message: string): AlterRefusal {
  return { kind: 'invalid-config', message }
}

function invalidRequest(message: string): AlterRefusal {
  return { kind: 'invalid-request', message }
}
