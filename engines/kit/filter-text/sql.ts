import type { NativeField, ReadFilter } from '../../contract/engine.js';
import { allOf, anyOf, CONSTANT, is, not, onField, type Portable, Refused, type Truth } from './logic.js';
import { fieldOf, type Operand } from './sql-fields.js';
import { partsOf, whereOf } from './sql-statement.js';
import { SQL_TOKENS } from './sql-tokens.js';
import { Cursor, shown, type Token, tokensOf } from './tokens.js';
import { type Literal, literalOf, valueFor } from './values.js';

/** What dots between names are: of a nested field, or of table and column. */
export type Dots = 'nested' | 'qualified';

type Expression =
  | { kind: 'truth'; truth: Truth }
  | { kind: 'operand'; operand: Operand }
  | { kind: 'literal'; literal: Literal }
  | { kind: 'list'; literals: readonly Literal[] };

/**
 * A condition in SQL in the portable form, with exactly its meaning or not at all. Read are comparisons of a field with a
 * value, `IN`, `BETWEEN`, `LIKE`, `IS [NOT] NULL | TRUE | FALSE`, `= ANY`, `@>` and `&&` of arrays, JSON by `->` and `->>`, joined
 * by `AND`, `OR` and `NOT`; of a whole statement its `WHERE`. Nulls make a condition neither true nor false, as in SQL.
 * @param native the text, or `{ where, params }` with values for $1, $2, …
 */
export function readSql(native: unknown, fields: readonly NativeField[], dots: Dots): ReadFilter {
  try {
    const { text, parameters } = partsOf(native);
    const tokens = whereOf(tokensOf(text, SQL_TOKENS));
    const found = new SqlReader(tokens, { fields, parameters, dots }).read();
    if (typeof found !== 'boolean') return { state: 'ok', filter: found };
    throw new Refused(found ? 'it lets every point through' : 'it lets no point through');
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', why: error.message };
    throw error;
  }
}

const COMPARISONS: Readonly<Record<string, [op: string, opposite: string, mirrored: string]>> = {
  '>': ['$gt', '$lte', '<'],
  '>=': ['$gte', '$lt', '<='],
  '<': ['$lt', '$gte', '>'],
  '<=': ['$lte', '$gt', '>='],
};

class SqlReader {
  readonly #cursor: Cursor;
  readonly #fields: ReadonlyMap<string, NativeField>;
  readonly #parameters: readonly unknown[];
  readonly #dots: Dots;

  constructor(
    tokens: readonly Token[],
    {
      fields,
      parameters,
      dots,
    }: { fields: readonly NativeField[]; parameters: readonly unknown[]; dots: Dots },
  ) {
    this.#cursor = new Cursor(tokens);
    this.#fields = new Map(fields.map((field) => [field.name, field]));
    this.#parameters = parameters;
    this.#dots = dots;
  }

  read(): Portable {
    const truth = this.#truth(this.#or());
    this.#cursor.takes(';');
    const { next } = this.#cursor;
    if (next.kind !== 'end') throw new Refused(`${shown(next)} is not read here`);
    return truth.isTrue();
  }

  #or(): Expression {
    const parts = [this.#and()];
    while (this.#cursor.takes('OR')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : truthOf(anyOf(parts.map((each) => this.#truth(each))));
  }

  #and(): Expression {
    const parts = [this.#not()];
    while (this.#cursor.takes('AND')) parts.push(this.#not());
    return parts.length === 1 ? parts[0]! : truthOf(allOf(parts.map((each) => this.#truth(each))));
  }

  #not(): Expression {
    if (!this.#cursor.takes('NOT')) return this.#predicate();
    return truthOf(not(this.#truth(this.#cursor.inside(() => this.#not()))));
  }

  /** A boolean column is a condition by itself. */
  #truth(expression: Expression): Truth {
    if (expression.kind === 'truth') return expression.truth;
    if (expression.kind === 'literal' && expression.literal.kind === 'boolean')
      return CONSTANT[expression.literal.value ? 'true' : 'false'];
    if (expression.kind !== 'operand') throw new Refused('a value stands where a condition is due');
    const { name, type } = fieldOf(expression.operand, this.#fields, 'equality');
    if (type !== 'boolean')
      throw new Refused(`"${name}", of type ${type}, is no condition before ${shown(this.#cursor.next)}`);
    return onField(name, { [name]: { $eq: true } }, { [name]: { $eq: false } });
  }

  #predicate(): Expression {
    let left = this.#value();
    for (;;) {
      if (this.#cursor.takes('IS')) left = truthOf(this.#is(left));
      else {
        const truth = this.#comparison(left);
        if (truth === undefined) return left;
        left = truthOf(truth);
      }
    }
  }

  #is(left: Expression): Truth {
    const negated = this.#cursor.takes('NOT');
    if (this.#cursor.takes('NULL')) {
      if (left.kind !== 'operand') throw new Refused('IS NULL of something that is no field');
      const { name } = fieldOf(left.operand, this.#fields, 'existence');
      const absent = { [name]: { $exists: false } };
      const there = { [name]: { $exists: true } };
      return onField(name, negated ? there : absent, negated ? absent : there);
    }
    for (const value of [true, false]) {
      if (!this.#cursor.takes(value ? 'TRUE' : 'FALSE')) continue;
      const truth = is(this.#truth(left), value);
      return negated ? not(truth) : truth;
    }
    throw new Refused('IS is read before NULL, TRUE and FALSE alone');
  }

  /** Undefined: no operator follows. */
  #comparison(left: Expression): Truth | undefined {
    const cursor = this.#cursor;
    const negated = cursor.sees('NOT', 'IN') || cursor.sees('NOT', 'LIKE') || cursor.sees('NOT', 'BETWEEN');
    if (negated) cursor.take();
    const of = (truth: Truth) => (negated ? not(truth) : truth);
    if (cursor.takes('IN')) return of(this.#in(left, this.#list()));
    if (cursor.takes('LIKE')) return of(this.#like(left, this.#literal()));
    if (cursor.takes('BETWEEN')) {
      const low = this.#value();
      cursor.needs('AND');
      return of(allOf([this.#ordered('>=', left, low), this.#ordered('<=', left, this.#value())]));
    }
    if (cursor.takes('=')) return this.#equal(left);
    if (cursor.takes('<>') || cursor.takes('!=')) return this.#different(left);
    for (const sign of Object.keys(COMPARISONS))
      if (cursor.takes(sign)) return this.#ordered(sign, left, this.#value());
    if (cursor.takes('@>')) return this.#contains(left, this.#value(), '$containsAll');
    if (cursor.takes('&&')) return this.#contains(left, this.#value(), '$containsAny');
    return undefined;
  }

  #equal(left: Expression): Truth {
    if (!this.#cursor.takes('ANY')) return this.#same(left, this.#value());
    this.#cursor.needs('(');
    const right = this.#value();
    this.#cursor.needs(')');
    if (left.kind === 'literal')
      return this.#contains(right, { kind: 'list', literals: [left.literal] }, '$contains');
    return this.#in(left, listOf(right));
  }

  #different(left: Expression): Truth {
    if (!this.#cursor.takes('ALL')) return not(this.#same(left, this.#value()));
    this.#cursor.needs('(');
    const right = listOf(this.#value());
    this.#cursor.needs(')');
    return not(this.#in(left, right));
  }

  #same(left: Expression, right: Expression): Truth {
    if (left.kind === 'literal' && right.kind === 'literal')
      return CONSTANT[JSON.stringify(left.literal) === JSON.stringify(right.literal) ? 'true' : 'false'];
    if (left.kind === 'literal') return this.#same(right, left);
    if (right.kind !== 'literal') throw new Refused('two fields are compared');
    if (left.kind === 'truth' && right.literal.kind === 'boolean')
      return right.literal.value ? left.truth : not(left.truth);
    const { name, value } = this.#fieldAnd(left, right.literal, 'equality');
    return onField(name, { [name]: { $eq: value } }, { [name]: { $ne: value, $exists: true } });
  }

  #ordered(sign: string, left: Expression, right: Expression): Truth {
    const [op, opposite, mirrored] = COMPARISONS[sign]!;
    if (left.kind === 'literal') return this.#ordered(mirrored, right, left);
    if (right.kind !== 'literal') throw new Refused('two fields are compared');
    const { name, value } = this.#fieldAnd(left, right.literal, 'order');
    return onField(name, { [name]: { [op]: value } }, { [name]: { [opposite]: value } });
  }

  #in(left: Expression, literals: readonly Literal[]): Truth {
    if (literals.length === 0) throw new Refused('a list is empty');
    const values = literals.map((literal) => this.#fieldAnd(left, literal, 'equality'));
    const { name } = values[0]!;
    const all = values.map(({ value }) => value);
    return onField(name, { [name]: { $in: all } }, { [name]: { $nin: all, $exists: true } });
  }

  #like(left: Expression, literal: Literal): Truth {
    const { name, type, value } = this.#fieldAnd(left, literal, 'equality');
    if (type !== 'string') throw new Refused(`LIKE of "${name}", which is of type ${type}`);
    if (this.#dots === 'nested' && String(value).includes('\\')) throw new Refused('LIKE with an escape');
    if (this.#cursor.takes('ESCAPE')) throw new Refused('LIKE with an ESCAPE of its own');
    return onField(name, { [name]: { $like: value } });
  }

  #contains(left: Expression, right: Expression, op: '$contains' | '$containsAll' | '$containsAny'): Truth {
    if (left.kind !== 'operand') throw new Refused('what contains something is no field');
    const field = fieldOf(left.operand, this.#fields, 'existence');
    const { name, type } = field;
    if (!type.endsWith('[]') || left.operand.path.length > 1 || left.operand.cast !== undefined)
      throw new Refused(`"${name}" is no column with arrays`);
    const values = listOf(right).map((literal) => valueFor(field, literal, true));
    if (values.length === 0) throw new Refused('a list is empty');
    return onField(name, { [name]: { [op]: op === '$contains' ? values[0] : values } });
  }

  #fieldAnd(left: Expression, literal: Literal, asked: 'equality' | 'order') {
    if (left.kind !== 'operand') throw new Refused('something that is no field is compared with a value');
    if (literal.kind === 'null') throw new Refused('a comparison with null is never true');
    const field = fieldOf(left.operand, this.#fields, asked);
    if (field.type.endsWith('[]'))
      throw new Refused(`"${field.name}" is an array, and is compared as a whole`);
    const value = valueFor(field, literal, true);
    // What JSON gives as text is compared with text: 05 is not 5.
    const written = left.operand.asText && left.operand.cast === undefined;
    if (written && (literal.kind !== 'text' || field.type === 'float' || String(value) !== literal.value))
      throw new Refused(`"${field.name}" is a text here: cast it`);
    return { ...field, value };
  }

  #list(): Literal[] {
    this.#cursor.needs('(');
    const literals: Literal[] = [];
    do literals.push(this.#literal());
    while (this.#cursor.takes(','));
    this.#cursor.needs(')');
    return literals;
  }

  #literal(): Literal {
    const value = this.#value();
    if (value.kind === 'literal') return value.literal;
    throw new Refused('a list or pattern holds something that is no value');
  }

  /** A value with what is taken out of it and what it is cast to. */
  #value(): Expression {
    let value = this.#primary();
    for (;;) {
      if (this.#cursor.takes('->')) value = this.#member(value, false);
      else if (this.#cursor.takes('->>')) value = this.#member(value, true);
      else if (this.#cursor.takes('::')) value = castTo(value, this.#typeName());
      else return value;
    }
  }

  #member(value: Expression, asText: boolean): Expression {
    const { kind, value: key } = this.#cursor.take();
    if (value.kind !== 'operand' || value.operand.asText || kind !== 'text')
      throw new Refused('-> is read between a column and the name of a key alone');
    const path = [...value.operand.path, key];
    return { kind: 'operand', operand: { path, asText, cast: undefined } };
  }

  #typeName(): string {
    const words = [this.#cursor.take().value.toLowerCase()];
    if (words[0] === 'double' && this.#cursor.takes('PRECISION')) words.push('precision');
    if (words[0] === 'character' && this.#cursor.takes('VARYING')) words.push('varying');
    if (words[0] === 'timestamp' && this.#cursor.takes('WITH', 'TIME', 'ZONE')) words.push('with time zone');
    if (this.#cursor.takes('[', ']')) words.push('[]');
    return words.join(' ');
  }

  #primary(): Expression {
    const cursor = this.#cursor;
    if (cursor.takes('(')) {
      const inner = cursor.inside(() => this.#or());
      cursor.needs(')');
      return inner;
    }
    if (cursor.takes('ARRAY', '[')) return { kind: 'list', literals: this.#elements() };
    if (cursor.sees('CAST', '(')) return this.#cast();
    const negative = cursor.takes('-');
    const token = cursor.take();
    const { kind, value } = token;
    if (kind === 'number') return literal({ kind: 'number', value: `${negative ? '-' : ''}${value}` });
    if (negative) throw new Refused('- is read before a number alone');
    if (kind === 'text') return literal({ kind: 'text', value });
    if (kind === 'parameter') return this.#parameter(Number(value));
    if (kind === 'quoted') return this.#column(value);
    if (kind !== 'name') throw new Refused(`${shown(token)} stands where a value is due`);
    return this.#word(value);
  }

  #word(word: string): Expression {
    const upper = word.toUpperCase();
    if (upper === 'TRUE' || upper === 'FALSE') return literal({ kind: 'boolean', value: upper === 'TRUE' });
    if (upper === 'NULL') return literal({ kind: 'null' });
    if (this.#cursor.sees('(')) throw new Refused(`the function ${word.toLowerCase()} has no portable form`);
    if (
      (upper === 'TIMESTAMP' || upper === 'TIMESTAMPTZ' || upper === 'DATE') &&
      this.#cursor.next.kind === 'text'
    )
      return literal({ kind: 'text', value: this.#cursor.take().value });
    // Without quotes, PostgreSQL means lower case; other engines the name as it stands.
    return this.#column(this.#fields.has(word) ? word : word.toLowerCase());
  }

  #column(first: string): Expression {
    const path = [first];
    while (this.#cursor.takes('.')) {
      const { kind, value } = this.#cursor.take();
      if (kind !== 'name' && kind !== 'quoted') throw new Refused('a dot is followed by no name');
      path.push(value);
    }
    const names = this.#dots === 'nested' ? [path.join('.')] : path.slice(-1);
    return { kind: 'operand', operand: { path: names, asText: false, cast: undefined } };
  }

  #cast(): Expression {
    this.#cursor.needs('CAST', '(');
    const value = this.#value();
    this.#cursor.needs('AS');
    const type = this.#typeName();
    this.#cursor.needs(')');
    return castTo(value, type);
  }

  #elements(): Literal[] {
    const literals: Literal[] = [];
    if (this.#cursor.takes(']')) return literals;
    do literals.push(this.#literal());
    while (this.#cursor.takes(','));
    this.#cursor.needs(']');
    return literals;
  }

  #parameter(number: number): Expression {
    if (number < 1 || number > this.#parameters.length)
      throw new Refused('it has parameters whose values the log does not tell: write { where, params }');
    const value = this.#parameters[number - 1];
    return Array.isArray(value)
      ? { kind: 'list', literals: value.map(literalOf) }
      : literal(literalOf(value));
  }
}

/** Types that a value can be cast to and stay what it is. */
const VALUE_CASTS =
  /^(text|varchar|character varying|int[248]?|integer|bigint|smallint|numeric|decimal|float8?|double precision|bool(ean)?|timestamptz|timestamp with time zone)( \[\])?$/;

function literal(value: Literal): Expression {
  return { kind: 'literal', literal: value };
}

function truthOf(truth: Truth): Expression {
  return { kind: 'truth', truth };
}

/** The type of a value follows from the field that it is compared with. */
function castTo(value: Expression, type: string): Expression {
  if (value.kind === 'truth') throw new Refused('a condition is cast');
  if (value.kind === 'literal') {
    const whole = value.literal.kind !== 'number' || /^-?\d+$/.test(value.literal.value);
    if (!VALUE_CASTS.test(type) || (!whole && /int|small|big/.test(type)))
      throw new Refused(`a value is cast to ${type}`);
  }
  if (value.kind !== 'operand') return value;
  if (value.operand.cast !== undefined) throw new Refused('a field is cast twice');
  return { kind: 'operand', operand: { ...value.operand, cast: type } };
}

/** `ARRAY[…]`, a parameter, or PostgreSQL's text of an array of plain elements. */
function listOf(value: Expression): readonly Literal[] {
  if (value.kind === 'list') return value.literals;
  if (value.kind !== 'literal' || value.literal.kind !== 'text') throw new Refused('a list is wanted');
  const [, inner] = /^\{([^{}"\\]*)\}$/.exec(value.literal.value) ?? [];
  if (inner === undefined) throw new Refused('a text is no list of plain elements');
  const elements = inner === '' ? [] : inner.split(',').map((each) => each.trim());
  if (elements.some((each) => /^null$/i.test(each))) throw new Refused('a list holds null');
  return elements.map((element) => ({ kind: 'text', value: element }));
}
