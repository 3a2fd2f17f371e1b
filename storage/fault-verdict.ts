/**
 * The one decision about a place in a log where no whole batch lies. Tests cite the rows.
 *
 *   row  stop     recovery point  sound batches behind  bytes there   verdict
 *   D1   clean    -               -                     -             damaged
 *   D2   unclean  above the place -                     -             damaged
 *   D3   unclean  below           no                    -             torn
 *   D4   unclean  below           yes                   not written   torn
 *   D5   unclean  below           yes                   written       damaged
 *
 * 'torn': what a power cut leaves of writes that nobody was told of. What lies behind is copied
 * aside, told, and cut. 'damaged': bytes that were on disk and changed. They stay where they are,
 * a copy beside the segment marks them, and readers pass over them (damage.ts).
 *
 * Before it comes to this, header fields that the checksum does not cover are put right where
 * checksum and neighbours leave only one value for them (batch-place.ts, segment-scan.ts), and a
 * range that was marked before stays marked. A batch of an old format refuses the partition.
 *
 * D3 may take a damaged last batch for a torn one: no byte on disk tells them apart. It is told and
 * kept aside like any other.
 */
export interface FaultFacts {
  readonly wasCleanStop: boolean
  /** The place lies below the recovery point: its bytes were synced. */
  readonly isBelowRecoveryPoint: boolean
  /** Sound batches follow in this segment or in a later one. */
  readonly isFollowed: boolean
  /** A sector of zeros lies there, or the file ends in the middle of a batch. */
  readonly isUnwritten: boolean
}

/** The table above. */
export function faultVerdict(facts: FaultFacts): 'torn' | 'damaged' {
  const { wasCleanStop, isBelowRecoveryPoint, isFollowed, isUnwritten } = facts
  if (wasCleanStop || isBelowRecoveryPoint) return 'damaged'
  return isFollowed && !isUnwritten ? 'damaged' : 'torn'
}
