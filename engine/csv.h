/* Tables as text: comma-separated values as RFC 4180 has them. The one place that reads and writes them.
 *
 * Written: commas, quotes where a field needs them, lines that end in \n, numbers as the shortest text that reads
 * back as the same double, "." whatever the locale, and an empty field for what is no number: R and pandas take that
 * for a missing value. Read: what spreadsheets write too, with semicolons or tabs and \r\n. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ---- writing ---- */
/* One field after those that the row of @out has already: begin with @first. Not valid UTF-8: made so. */
void eng_csv_add (GString *out, gboolean first, const char *field);
void eng_csv_add_number (GString *out, gboolean first, double value);
/* @fields: NULL at the end. */
void eng_csv_add_row (GString *out, const char *const *fields);
/* Into @text, at least G_ASCII_DTOSTR_BUF_SIZE bytes; "" when @value is not finite. Returns @text. */
char *eng_csv_number (double value, char *text);

/* ---- reading ---- */
typedef struct
{
  /* Set by eng_csv_init(); may be changed before the first row. */
  char separator;
  gsize longest; /* bytes of a field */
  guint most;    /* fields of a row that are kept; further ones are passed over */
  gboolean trim; /* spaces around fields do not count */
  /* Where it is. */
  const char *at, *end;
  guint line; /* number of the line at @at, from 1 */
  /* The row that was read last. */
  GPtrArray *fields; /* char*, at most @most; one empty field: an empty line */
  guint row_line;    /* number of its first line */
  gboolean ended;    /* its line has an end; FALSE: the text stops in it */
  const char *name;  /* for messages */
  GString *field;
} EngCsv;

/**
 * eng_csv_init:
 * @text: has to live as long as @self; UTF-8 (a byte order mark is passed over) or refused with an error
 * @name: of the file, for messages; has to live as long
 */
gboolean eng_csv_init (EngCsv *self, const char *text, gsize length, const char *name, GError **error);
void eng_csv_clear (EngCsv *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngCsv, eng_csv_clear)
/* Takes the first of comma, semicolon and tab that the first line has outside of quotes. */
void eng_csv_guess_separator (EngCsv *self);
/* The next row into @fields. FALSE at the end, and with an error that names the line. */
gboolean eng_csv_next (EngCsv *self, GError **error);
/* Field @i of the row read last; "" when there is none. */
const char *eng_csv_field (const EngCsv *self, guint i);

G_END_DECLS
