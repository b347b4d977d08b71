import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanEvent, StageName } from '../../../migration/plan/events.js';
import { type MigrateOptions, migrate } from '../../../migration/plan/migrate.js';
import type { MigrationView } from '../../../migration/plan/view.js';

/** A folder with a plan, in which a migration is run in this process. */
export class Migration {
  readonly home: string;
  readonly name: string;
  readonly notices: string[] = [];

  constructor(home: string, name = 'move') {
    mkdirSync(home, { recursive: true });
    this.home = home;
    this.name = name;
  }

  /** @param rest lines behind source and target */
  plan(source: string, target: string, rest = ''): void {
    const text = `version: 1\nname: ${this.name}\nsource: ${source}\ntarget: ${target}\n${rest}`;
    writeFileSync(join(this.home, 'plan.yaml'), text);
  }

  path(...names: string[]): string {
    return join(this.home, '.migrations', this.name, ...names);
  }

  read(...names: string[]): string {
    return readFileSync(this.path(...names), 'utf8');
  }

  async run(options: Partial<MigrateOptions> = {}): Promise<MigrationView> {
    const { view } = await migrate({
      plan: 'plan.yaml',
      home: this.home,
      cwd: this.home,
      env: process.env,
      signal: new AbortController().signal,
      accept: [],
      again: [],
      by: 'tester',
      hide: () => {},
      onProgress: () => {},
      onNotice: (message) => void this.notices.push(message),
      onStage: () => {},
      ...options,
    });
    return view;
  }

  /** Takes every decision until there is none. */
  async runThrough(options: Partial<MigrateOptions> = {}): Promise<MigrationView> {
    let view = await this.run(options);
    while (view.state === 'waiting')
      view = await this.run({ accept: view.decisions.map(({ id }) => id), reason: 'a test' });
    return view;
  }

  get events(): PlanEvent[] {
    return this.read('events.jsonl')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as PlanEvent);
  }

  /** Stages that were begun since, each once, in order. */
  begunSince(count: number): StageName[] {
    const begun = this.events.slice(count).filter((event) => event.type === 'stage-started');
    return [...new Set(begun.map(({ stage }) => stage))];
  }
}
