/** A broker that may hold replicas. */
export interface Candidate {
  readonly id: number
  readonly rack: string | null
}

export interface PlacementRequest {
  readonly candidates: readonly Candidate[]
  readonly replicationFactor: number
  /** How many partitions, and the index of the first. */
  readonly partitions: number
  readonly firstIndex: number
  /** Moves the pattern, so that small topics do not all begin at the same broker. */
  readonly seed: number
}

/**
 * Replicas for each partition, preferred leader first. Leaders go round over all brokers; the
 * other replicas follow at a distance that grows with each round, on racks not used yet as long as
 * there are any (KIP-36). `replicationFactor` must not exceed the number of candidates.
 */
export function placeReplicas(request: PlacementRequest): number[][] {
  const ring = rackAlternating(request.candidates)
  const placed: number[][] = []
  for (let at = 0; at < request.partitions; at++) {
    const turn = request.firstIndex + at + request.seed
    placed.push(replicasFor(turn, ring, request.replicationFactor))
  }
  return placed
}

function replicasFor(
  turn: number,
  ring: readonly Candidate[],
  replicationFactor: number,
): number[] {
  const size = ring.length
  const leader = ring[turn % size] as Candidate
  const chosen = [leader]
  const round = Math.floor(turn / size)
  for (const freshRacksOnly of [true, false]) {
    for (let step = 0; step < size - 1 && chosen.length < replicationFactor; step++) {
      const distance = 1 + ((round + step) % (size - 1))
      const candidate = ring[(turn + distance) % size] as Candidate
      if (chosen.includes(candidate)) continue
      const isRackUsed = chosen.some(({ rack }) => rack !== null && rack === candidate.rack)
      if (freshRacksOnly && isRackUsed) continue
      chosen.push(candidate)
    }
  }
  return chosen.map(({ id }) => id)
}

/** Brokers in order of id, one of each rack in turn. */
function rackAlternating(candidates: readonly Candidate[]): Candidate[] {
  const racks = new Map<string | null, Candidate[]>()
  for (const candidate of [...candidates].sort((a, b) => a.id - b.id)) {
    const members = racks.get(candidate.rack)
    if (members === undefined) racks.set(candidate.rack, [candidate])
    else members.push(candidate)
  }
  const ring: Candidate[] = []
  const queues = [...racks.values()]
  for (let at = 0; ring.length < candidates.length; at++) {
    for (const queue of queues) {
      const candidate = queue[at]
      if (candidate !== undefined) ring.push(candidate)
    }
  }
  return ring
}
