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

/** What may be altered of one kind of resource, and with which rules. */
export interface AlterScope {
  /** "topic", "broker": for sentences. */
  readonly noun: string
  /** The declaration of a property; undefined for names that this kind of resource has not. */
  property(name: string): Property<unknown> | undefined
  /** The value an append or a subtract starts from when there is no override. */
  inherited(name: string): string
  /** Whether lists can be appended to and subtracted from. */
  readonly changesLists: boolean
  /** How Kafka calls an unknown name of this kind of resource, and a value that cannot be. */
  readonly unknownName: AlterRefusal['kind']
  readonly badValue: AlterRefusal['kind']
  /** Why the property cannot be set to `text`, a value in its normal form; null when it can. */
  refusal(name: string, property: Property<unknown>, text: string): AlterRefusal | null
  /** Why all overrides together cannot be; null when they can. */
  contradiction(overrides: Overrides): AlterRefusal | null
}

type Overrides = ReadonlyMap<string, string>

/**
 * The overrides after some alterations, each in its normal form, in a map of their own; or why not.
 * A name may appear once in a request; nothing is changed unless all can be. Deleting what is
 * unknown or was never set changes nothing, and is no fault.
 */
export function alterOverrides(
  current: Overrides,
  alterations: readonly Alteration[],
  scope: AlterScope,
): Map<string, string> | AlterRefusal {
  const malformed = malformedRequest(alterations) ?? unknownName(alterations, scope)
  if (malformed !== null) return malformed
  const next = new Map(current)
  for (const alteration of alterations) {
    const refusal = alterOne(next, alteration, scope)
    if (refusal !== null) return refusal
  }
  return scope.contradiction(next) ?? next
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

/** What is wrong with a request before anyone looks at what it asks for. */
export function malformedRequest(alterations: readonly Alteration[]): AlterRefusal | null {
  const names = new Set<string>()
  for (const { name } of alterations) {
    if (names.has(name)) return invalidRequest(`Error due to duplicate config keys: ${name}`)
    names.add(name)
  }
  const isNull = ({ operation, value }: Alteration) =>
    operation !== AlterOperation.DELETE && value === null
  const missing = alterations.find(isNull)
  if (missing === undefined) return null
  return invalidRequest(`Null value not supported for config: ${missing.name}`)
}

function unknownName(alterations: readonly Alteration[], scope: AlterScope): AlterRefusal | null {
  for (const { name, operation } of alterations) {
    if (operation === AlterOperation.DELETE || scope.property(name) !== undefined) continue
    const message = `Unknown ${scope.noun} config name: ${name}`
    // Kafka asks first whether what is appended to is a list.
    return isListOperation(operation)
      ? invalidConfig(message)
      : { kind: scope.unknownName, message }
  }
  return null
}

function isListOperation(operation: number): boolean {
  return operation === AlterOperation.APPEND || operation === AlterOperation.SUBTRACT
}

function alterOne(
  next: Map<string, string>,
  { name, operation, value }: Alteration,
  scope: AlterScope,
): AlterRefusal | null {
  const property = scope.property(name)
  if (operation === AlterOperation.DELETE || property === undefined || value === null) {
    next.delete(name)
    return null
  }
  if (operation !== AlterOperation.SET && !isListOperation(operation)) {
    return invalidRequest(`Unknown operation type ${operation} for config ${name}`)
  }
  if (isListOperation(operation) && (property.kind !== 'list' || !scope.changesLists)) {
    return invalidConfig(`Can't change config key ${name} as a list: its type is not LIST`)
  }
  const text = isListOperation(operation)
    ? changedList(next.get(name) ?? scope.inherited(name), value, operation)
    : value
  const parsed = property.parse(text)
  const refusal = scope.refusal(name, property, parsed.ok ? parsed.text : text)
  if (refusal !== null) return refusal
  if (!parsed.ok) {
    const message = `Invalid value ${text} for configuration ${name}: ${parsed.reason}`
    return { kind: scope.badValue, message }
  }
  next.set(name, parsed.text)
  return null
}

function changedList(current: string, value: string, operation: number): string {
  const elements = listElements(current)
  const named = changingElements(value)
  const [present, removed] = [new Set(elements), new Set(named)]
  const kept =
    operation === AlterOperation.APPEND
      ? [...elements, ...named.filter(element => !present.has(element))]
      : elements.filter(element => !removed.has(element))
  return kept.join(',')
}

/** The elements that a change of a list names. As in Java, only the last ones may be empty. */
function changingElements(value: string): string[] {
  if (value === '') return ['']
  // Not by /,+$/: that looks at a run of n commas n * n / 2 times.
  let end = value.length
  while (value[end - 1] === ',') end -= 1
  return value
    .slice(0, end)
    .split(',')
    .map(element => element.trim())
}

function invalidConfig(message: string): AlterRefusal {
  return { kind: 'invalid-config', message }
}

function invalidRequest(message: string): AlterRefusal {
  return { kind: 'invalid-request', message }
}
