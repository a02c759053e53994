/** A table as such, for the terminal and for the README. */

export interface Section {
  readonly title: string
  readonly head: ReadonlyArray<string>
  /** The first column is text, the others are figures. */
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly notes?: ReadonlyArray<string>
}

/** Cells as wide as the widest of their column. */
const aligned = ({ head, rows }: Section) => {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const align = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))
  return { widths, head: align(head), rows: rows.map(align) }
}

export const toText = (section: Section): string => {
  const { head, rows, widths } = aligned(section)
  const line = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  return [
    "",
    section.title,
    head.join("  "),
    line,
    ...rows.map((row) => row.join("  ").trimEnd()),
    ...(section.notes ?? []).map((note) => `   ${note}`)
  ].join("\n")
}

/** As dprint leaves it. */
export const toMarkdown = (section: Section): string => {
  const { head, rows, widths } = aligned(section)
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)
  return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")
}
