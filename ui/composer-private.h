/* What the composer's files share: composer.c holds the document, composer-panels.c knows what is there for every
 * panel and has it drawn, composer-work.c measures and computes what is missing. */
#pragma once

#include "ui/composer.h"
#include "ui/draw/figure-fill.h"
#include "ui/session-private.h"

/* A panel that was measured: a cell of its own grid. Reference-counted with g_rc_box; main thread only. */
typedef struct
{
  UiFigureCells *cells;
  guint row, column;
} UiFacts;

typedef enum
{
  UI_PANEL_WAITS,   /* for its picture, or for the disk */
  UI_PANEL_MISSING, /* its map or its class has to be computed */
  UI_PANEL_UNKNOWN, /* everything is there but the measurements */
  UI_PANEL_DONE,
  UI_PANEL_FAILED
} UiPanelState;

/* What is known of a panel now. */
typedef struct
{
  UiPanelState state;
  char *why;       /* MISSING, FAILED: a sentence; (nullable) */
  EngImage *image; /* (owned) (nullable) */
  gboolean old;    /* the picture's file changed since the figure was made */
  int class_index; /* -1: not known */
  char *class_name;
  double probability;
  EngHeatmap *map; /* (owned) (nullable) */
  char *map_key;   /* maps and masked pictures; (nullable) */
  char *key;       /* everything that its measurements depend on; (nullable) */
  UiFacts *facts;  /* (owned) (nullable) */
} UiPanel;

struct _UiComposer
{
  GObject parent_instance;
  UiSession *session; /* not owned: it owns this; NULL once it ends */
  UiFigure *figure;
  guint selected;
  guint watchers;
  guint serial; /* of the document and of what is known: a drawing of an older one is behind */

  /* composer-panels.c */
  GHashTable *images;  /* path -> EngImage*: of rows whose picture is not shown */
  GHashTable *unread;  /* path -> char*: why not; "": it is being read */
  GHashTable *facts;   /* key of a panel -> UiFacts* */
  GHashTable *maps;    /* key of a map -> EngHeatmap*: those of the figure */
  GHashTable *asked;   /* key of a map: the disk was asked */
  GHashTable *choices; /* picture and model -> first choice + 1 */
  UiFigureDrawing *drawing;
  guint drawn_serial;
  guint quiet; /* source: a moment without changes */
  gboolean drawing_now;

  /* composer-work.c */
  gboolean computing;
  guint done, total;    /* maps of this computation */
  GHashTable *failures; /* key of a map -> char* */
  EngJob *job;
  char *job_key, *job_words;
  gboolean predicting;
  GCancellable *measuring; /* NULL: nothing is measured */
  EngSubject *subject;     /* of the last measurement */
};

enum
{
  UI_COMPOSER_CHANGED,
  UI_COMPOSER_DRAWN,
  UI_COMPOSER_N_SIGNALS
};
extern guint ui_composer_signals[UI_COMPOSER_N_SIGNALS];

/* ---- composer-panels.c ---- */
/* Something that panels depend on is different: drawn again after a moment. */
void ui_composer_refresh (UiComposer *self);
/* What is known of the panel; asks for what can be had without computing. */
void ui_composer_look (UiComposer *self, guint row, guint column, UiPanel *out);
void ui_panel_clear (UiPanel *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UiPanel, ui_panel_clear)
char *ui_composer_choice_key (const char *image_sha256, EngModel *model);
/* The map of a column for the panel's row, if it is there. (transfer none) (nullable) */
EngHeatmap *ui_composer_find_map (UiComposer *self, const char *key);
UiFacts *ui_facts_new (UiFigureCells *cells, guint row, guint column);
UiFacts *ui_facts_ref (UiFacts *self);
void ui_facts_unref (UiFacts *self);

/* ---- composer-work.c ---- */
/* Starts whatever is next: a prediction, a map that was asked for, a measurement. */
void ui_composer_pump (UiComposer *self);
void ui_composer_give_up (UiComposer *self);
