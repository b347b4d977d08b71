/** One set of index or search parameters; names are the field's own (`m`, `efConstruction`, `nlist`, …). */
export type ParameterSet = Readonly<Record<string, string | number | boolean>>;
