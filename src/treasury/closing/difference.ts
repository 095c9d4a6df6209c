/** What did not tie, and how it was found. */
export type DayCheck =
  /** A state's opening, movements and closing. */
  | 'balance'
  /** An event does not follow the one before it. */
  | 'sequence'
  /** No sighting of the transfer in the block that the event names. */
  | 'sighting'
  /** What was told to receivers is not what is on record. */
  | 'event'
  /** The numbers of the feed have a hole. */
  | 'feed'
  /** A deposit is not what its last event says. */
  | 'deposit'
  /** A deposit stands in a block that left our view. */
  | 'view'
  /** An event of the day is not acknowledged. */
  | 'delivery'
  /** What a provider says now. */
  | 'provider'
  /** A provider was to be asked, and there was no answer. */
  | 'unanswered'

export interface DayDifference {
  readonly check: DayCheck
  /** A deposit, an event, a rail's state. */
  readonly subject: string
  readonly detail: string
}
