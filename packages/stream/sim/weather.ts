/** How well the services and the ways to them work just now. Probabilities are of one message or one call. */
export type Weather = {
  /** Messages of the live channel that are lost, come twice, or late by up to `liveLateMs`. */
  liveLost: number;
  liveTwice: number;
  liveLate: number;
  liveLateMs: number;
  /** Appends whose answer is lost (stored or not), that arrive after their sender gave up, or are called busy. */
  appendLost: number;
  appendLate: number;
  appendBusy: number;
  /** The journals take no chunks. */
  journalFull: boolean;
  /** Journals, register and queue elect a leader: nothing answers, and what was sent may or may not be stored. */
  brokerStalled: boolean;
  databaseAway: boolean;
  /** Calls that take up to 2 s; commits whose acknowledgement is lost. */
  databaseSlow: number;
  databaseLost: number;
  registryAway: boolean;
  /** Pods missing from what the registry finds, or in it although they are dead. */
  registryLies: number;
};

export const fairWeather: Weather = {
  ...{ liveLost: 0, liveTwice: 0, liveLate: 0, liveLateMs: 0 },
  ...{ appendLost: 0, appendLate: 0, appendBusy: 0, journalFull: false, brokerStalled: false },
  ...{ databaseAway: false, databaseSlow: 0, databaseLost: 0, registryAway: false, registryLies: 0 },
};
