/** What can go wrong in a faulty engine. */
export type Fault =
  | 'connect throws'
  | 'load aborts'
  | 'load rejects later'
  | 'loses points'
  | 'leaves points unindexed'
  | 'query throws'
  | 'query throws always'
  | 'query never returns'
  | 'query never resolves'
  | 'query takes memory'
  | 'query exits'
  | 'query repeats itself'
  | 'query finds strangers'
  | 'query is short'
  | 'talks'
  | 'exit never ends'
  | 'drop crashes'
  | 'drop throws';

/** Of the engine with that fault. */
export const nameOf = (fault: Fault): string => `faulty-${fault.replaceAll(' ', '-')}`;

/** Defects that can be planted in the defective engine, by the environment variable DEFECT and the words of a drill. */
export type Defect =
  | 'drops 1% of rows'
  | 'drops 1% of rows and says so'
  | 'swaps the metric'
  | 'rounds vectors to int8'
  | 'lowers ef'
  | 'returns duplicates'
  | 'returns stale rows after delete'
  | 'ignores a filter on 5% of queries'
  | 'applies a filter after the search'
  | 'swaps two tenants'
  | 'takes a range for its upper end alone';
