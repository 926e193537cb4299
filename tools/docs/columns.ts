import path from "node:path";
import { makeId } from "@uci/adapters/ids";
import { openPostgresStore, startEmbeddedPostgres } from "@uci/adapters/postgres";
import { temporaryFolder } from "@uci/services";
import { sql } from "kysely";
import { markdownTable } from "./tables.ts";

type Column = {
  readonly table_name: string;
  readonly column_name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly standard: string | null;
};
type Index = { readonly tablename: string; readonly indexdef: string };

const silent = { info: () => undefined, warn: () => undefined };

/** Columns and indexes of every table, as a database has them after all migrations. */
export async function columnTables(): Promise<Readonly<Record<string, string>>> {
  const dataFolder = path.join(temporaryFolder("docs"), "database");
  const server = await startEmbeddedPostgres({ dataFolder, log: silent, durable: false });
  try {
    const settings = { connection: server.connection, connections: 2, connectionLost: () => undefined };
    const store = await openPostgresStore(settings, makeId);
    try {
      const columns = await sql<Column>`
        select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type,
          not a.attnotnull as nullable, pg_get_expr(d.adbin, d.adrelid) as standard
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        order by c.relname, a.attnum`.execute(store.database);
      const indexes = await sql<Index>`
        select tablename, indexdef from pg_indexes where schemaname = 'public' order by tablename, indexname`.execute(
        store.database,
      );
      return { columns: columnTable(columns.rows), indexes: indexTable(indexes.rows) };
    } finally {
      await store.close();
    }
  } finally {
    await server.stop();
  }
}

function columnTable(columns: readonly Column[]): string {
  const rows = columns.map(({ table_name, column_name, type, nullable, standard }) => [
    `\`${table_name}\``,
    `\`${column_name}\``,
    type,
    nullable ? "yes" : "no",
    standard === null ? "" : `\`${standard}\``,
  ]);
  return markdownTable(["table", "column", "type", "may be null", "default"], rows);
}

function indexTable(indexes: readonly Index[]): string {
  const rows = indexes.map(({ tablename, indexdef }) => {
    const definition = indexdef.replace(/^CREATE (UNIQUE )?INDEX (\S+) ON \S+ USING btree /, "$1$2 ");
    return [`\`${tablename}\``, `\`${definition}\``];
  });
  return markdownTable(["table", "index"], rows);
}
