import type { CollectionRefusal, FolderStore, Page, PageRequest } from "@uci/chat";
import { type Folder, wireLimits } from "@uci/protocol";
import { type Kysely, type Selectable, sql } from "kysely";
import { pageOf, parsePageCursor } from "./page-cursor.ts";
import type { Database, FoldersTable } from "./schema.ts";
import { storable } from "./storable.ts";

export class PostgresFolders implements FolderStore {
  readonly #database: Kysely<Database>;
  readonly #makeFolderId: () => string;

  constructor(database: Kysely<Database>, makeFolderId: () => string) {
    this.#database = database;
    this.#makeFolderId = makeFolderId;
  }

  async list(userId: string, page: PageRequest): Promise<Page<Folder>> {
    const rows = await folderListQuery(this.#database, userId, page).execute();
    return pageOf(rows, page.limit, folderView, (row) => ({ atMs: row.created_at.getTime(), id: row.folder_id }));
  }

  async create(userId: string, name: string): Promise<Folder | CollectionRefusal> {
    const { rows } = await sql<Selectable<FoldersTable>>`
      insert into folders (folder_id, user_id, name)
      select ${this.#makeFolderId()}, ${userId}, ${storable(name)}
      where (select count(*) from folders where user_id = ${userId}) < ${wireLimits.folders}
      returning *`.execute(this.#database);
    return rows[0] === undefined ? "full" : folderView(rows[0]);
  }

  async rename(userId: string, folderId: string, name: string): Promise<Folder | null> {
    const row = await this.#database
      .updateTable("folders")
      .set({ name: storable(name) })
      .where("folder_id", "=", folderId)
      .where("user_id", "=", userId)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? null : folderView(row);
  }

  async remove(userId: string, folderId: string): Promise<boolean> {
    const removed = await this.#database
      .deleteFrom("folders")
      .where("folder_id", "=", folderId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }
}

/** Served by the index `folders_of_user`. */
export function folderListQuery(database: Kysely<Database>, userId: string, page: PageRequest) {
  const query = database.selectFrom("folders").selectAll().where("user_id", "=", userId);
  const after = page.cursor === null ? null : parsePageCursor(page.cursor);
  const rest =
    after === null
      ? query
      : query.where(sql<boolean>`(created_at, folder_id) < (${new Date(after.atMs)}, ${after.id})`);
  return rest
    .orderBy("created_at", "desc")
    .orderBy("folder_id", "desc")
    .limit(page.limit + 1);
}

function folderView({ folder_id, name, created_at }: Selectable<FoldersTable>): Folder {
  return { folder_id, name, created_at: created_at.toISOString() };
}
