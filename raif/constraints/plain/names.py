"""Common first names, for `count:person_names`: those that the benchmark's own list of fifty lacks."""

from raif.constraints.plain.common import listed

NAMES = frozenset(
    listed("""
    Aaron Adam Adrian Agnes Ahmed Aisha Alan Albert Alejandro Alex Alexandra Alfred Ali Alice Alicia
    Allison Amanda Amber Amir Amy Ana Andrea Angela Anita Ann Anna Anne Anthony Antonio Ariana Arthur
    Ashley Barbara Beatrice Becky Ben Bernard Betty Beverly Bill Bob Bobby Bonnie Brandon Brenda Brian
    Bruce Bryan Caleb Cameron Carl Carla Carlos Carmen Carol Caroline Carolyn Catherine Cecilia Charles
    Cheryl Chris Christian Christina Christine Cindy Clara Colin Connor Craig Crystal Cynthia Dan Dana
    Danielle Dave Dean Deborah Debra Dennis Derek Diana Diane Diego Dominic Donald Donna Doris Dorothy
    Douglas Dylan Edith Edward Edwin Eileen Elaine Eleanor Elena Elizabeth Ellen Emily Emmanuel Eric
    Erik Erin Esther Eugene Eva Evan Evelyn Fatima Fiona Frances Francis Frank Fred Frederick Gary
    George Gerald Gina Gloria Gordon Greg Gregory Greta Hans Harold Harry Hassan Hector Heather Helen
    Henry Hiroshi Howard Hugo Ian Ibrahim Ingrid Irene Isaac Isabel Ivan Jack Jackie Jake James Jamie
    Jan Jane Janet Janice Jason Javier Jean Jeff Jeffrey Jennifer Jenny Jeremy Jerry Jesse Jessica Jill
    Jim Jimmy Joan Joanna Joe Joel Johanna John Johnny Jordan Jorge Jose José Josh Joshua Joyce Juan
    Judith Judy Julia Julian Julie Justin Karen Karl Kate Katherine Kathleen Kathryn Katie Keith Kelly
    Kenneth Kevin Kim Kimberly Klaus Kyle Larry Laura Lauren Lawrence Leah Leon Leonard Linda Lisa Logan
    Lois Lorenzo Louis Louise Lucia Lucy Luis Luke Maggie Marco Marcus Margaret Maria María Marie
    Marilyn Mario Marion Martha Martin Mary Mateo Maureen Megan Mehmet Melissa Michael Michelle Miguel
    Mike Mohammed Monica Nadia Nancy Naomi Natalie Natasha Nathaniel Neil Nick Nicole Nina Noel Norma
    Oliver Omar Oscar Pablo Pamela Patricia Patrick Paul Paula Pauline Pedro Peggy Peter Philip Phillip
    Phyllis Priya Rachel Rafael Raj Ralph Ramon Randy Raymond Rebecca Ricardo Richard Rita Robert
    Roberto Robin Rodney Roger Roland Ronald Rosa Rose Rosemary Roy Russell Ruth Sally Sam Samantha
    Sandra Sara Sarah Scott Sean Sebastian Sergio Sharon Shirley Simon Sofia Sophie Stanley Stephanie
    Stephen Steve Steven Sue Susan Sven Sylvia Tamara Tanya Ted Teresa Terry Theodore Theresa Tim
    Timothy Tina Todd Tom Tommy Tony Tracy Tyler Ursula Valerie Vanessa Vera Veronica Victor Vincent
    Virginia Vivian Walter Wayne Wendy William Willie Xavier Yusuf Yvonne Zachary
    """)
)
